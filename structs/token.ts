import { STORAGE_OFFLOAD_TOKEN_ID_LENGTH } from './constants.ts';
import { array, declare, type Layout, UCHAR } from './layout.ts';

/**
 * The token that an offload read returns and an offload write accepts. It represents data. 512 bytes, aligned to 1.
 *
 * - `TokenType` (0x00, 4 bytes, **big-endian**): the kind of token; 0xFFFF0001 is the zero token.
 * - `Reserved` (0x04, 2 bytes): write 0, ignore on read.
 * - `TokenIdLength` (0x06, 2 bytes, **big-endian**): the number of used bytes in `Token`; 504 in a zero token.
 * - `Token` (0x08, 504 bytes): opaque; all zero in the zero token. In the headers it is in a union with
 *   `StorageOffloadZeroDataToken.Reserved2`, the same 504 bytes.
 *
 * Never modify a received token: the storage rejects modified tokens.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddstor/ns-ntddstor-_storage_offload_token
 */
export const STORAGE_OFFLOAD_TOKEN: Layout<'TokenType' | 'Reserved' | 'TokenIdLength' | 'Token'> = declare(
  'STORAGE_OFFLOAD_TOKEN',
  {
    TokenType: array(UCHAR, 4),
    Reserved: array(UCHAR, 2),
    TokenIdLength: array(UCHAR, 2),
    Token: array(UCHAR, STORAGE_OFFLOAD_TOKEN_ID_LENGTH),
  },
);
