/**
 * Flags of FSCTL_OFFLOAD_READ_OUTPUT (winioctl.h): behind the range of the token the file holds nothing but zeros.
 * One page of the driver documentation says 2; the header, the protocol specification and every server say 1.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-fscc/b98a8325-e6ec-464a-bc1b-8216b74f5828
 */
export const OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE = 0x1;

/**
 * OffloadReadFlags of STORAGE_OFFLOAD_READ_OUTPUT (winioctl.h): the token covers less than was asked for.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_read_output
 */
export const STORAGE_OFFLOAD_READ_RANGE_TRUNCATED = 0x1;

/**
 * OffloadWriteFlags of STORAGE_OFFLOAD_WRITE_OUTPUT (winioctl.h): less was written than was asked for.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_write_output
 */
export const STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED = 0x1;

/**
 * OffloadWriteFlags of STORAGE_OFFLOAD_WRITE_OUTPUT (winioctl.h): the device did not accept the token any longer.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_write_output
 */
export const STORAGE_OFFLOAD_TOKEN_INVALID = 0x2;

/** CopyFile2 (WinBase.h): copy without offload. */
export const COPY_FILE_NO_OFFLOAD = 0x0004_0000;

/** CopyFile2 (WinBase.h): the flag of its progress messages that says a chunk was offloaded. */
export const COPYFILE2_MESSAGE_COPY_OFFLOAD = 0x1;

// SupportedFeatures of a filter driver (ntifs.h):
// https://learn.microsoft.com/windows-hardware/drivers/ifs/offloaded-data-transfers
export const SUPPORTED_FS_FEATURES_OFFLOAD_READ = 0x1;
export const SUPPORTED_FS_FEATURES_OFFLOAD_WRITE = 0x2;
export const SUPPORTED_FS_FEATURES_QUERY_OPEN = 0x4;
export const SUPPORTED_FS_FEATURES_BYPASS_IO = 0x8;
