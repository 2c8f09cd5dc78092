// winioctl.h: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddstor/ns-ntddstor-_storage_offload_token

/** Bytes of a token. */
export const STORAGE_OFFLOAD_MAX_TOKEN_LENGTH = 0x200;

/** Bytes of the opaque part of a token, and the TokenIdLength of the zero token. */
export const STORAGE_OFFLOAD_TOKEN_ID_LENGTH = 0x1f8;

/** TokenType of the well-known token that stands for zeros, once its four bytes are read big-endian. */
export const STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA = 0xffff_0001;
