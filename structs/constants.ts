// Every number that Windows defines for the fields of the structures. The control codes are in control-codes.ts.

// Actions and flags of IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES (winioctl.h):
// https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_manage_data_set_attributes

/** The bit of an action that leaves the data unchanged. A driver that does not know such an action may forward it. */
export const DeviceDsmActionFlag_NonDestructive = 0x8000_0000;

/** No action. */
export const DeviceDsmAction_None = 0x0000_0000;
/** Destructive: the data in the ranges is no longer needed. */
export const DeviceDsmAction_Trim = 0x0000_0001;
/** Reports to the device what ranges are used for. */
export const DeviceDsmAction_Notification = 0x8000_0002;
/** Creates a token for ranges of a device. */
export const DeviceDsmAction_OffloadRead = 0x8000_0003;
/** Writes the data of a token to ranges of a device. Destructive, hence without the high bit. */
export const DeviceDsmAction_OffloadWrite = 0x0000_0004;
/** Queries which ranges are allocated. */
export const DeviceDsmAction_Allocation = 0x8000_0005;
/** Repairs ranges from another copy. */
export const DeviceDsmAction_Repair = 0x8000_0006;
/** Compares the copies of ranges and repairs them. */
export const DeviceDsmAction_Scrub = 0x8000_0007;
/** Queries dirty region tracking (DRT). */
export const DeviceDsmAction_DrtQuery = 0x8000_0008;
/** Clears dirty region tracking. */
export const DeviceDsmAction_DrtClear = 0x8000_0009;
/** Turns dirty region tracking off. */
export const DeviceDsmAction_DrtDisable = 0x8000_000a;

/** The whole device instead of ranges. The class driver rejects it for the offload actions. */
export const DEVICE_DSM_FLAG_ENTIRE_DATA_SET_RANGE = 0x0000_0001;
// The high half of the flags is specific to the action, so one number can have several names.
/** Trim: the file system has not allocated the ranges. */
export const DEVICE_DSM_FLAG_TRIM_NOT_FS_ALLOCATED = 0x8000_0000;
/** Trim: the ranges need not read as zeros afterwards. */
export const DEVICE_DSM_FLAG_TRIM_BYPASS_RZAT = 0x4000_0000;
/** Allocation: only what can be consolidated. */
export const DEVICE_DSM_FLAG_ALLOCATION_CONSOLIDATEABLE_ONLY = 0x4000_0000;
/** Scrub: skips ranges that are in sync. */
export const DEVICE_DSM_FLAG_SCRUB_SKIP_IN_SYNC = 0x1000_0000;

/**
 * Flags of FSCTL_OFFLOAD_READ_OUTPUT (winioctl.h): the file contains only zeros beyond the range of the token.
 * One page of the driver documentation says 2; the header, the protocol specification and every server use 1.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-fscc/b98a8325-e6ec-464a-bc1b-8216b74f5828
 */
export const OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE = 0x1;

/**
 * OffloadReadFlags of STORAGE_OFFLOAD_READ_OUTPUT (winioctl.h): the token covers less than was requested.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_read_output
 */
export const STORAGE_OFFLOAD_READ_RANGE_TRUNCATED = 0x1;

/**
 * OffloadWriteFlags of STORAGE_OFFLOAD_WRITE_OUTPUT (winioctl.h): less was written than was requested.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_write_output
 */
export const STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED = 0x1;

/**
 * OffloadWriteFlags of STORAGE_OFFLOAD_WRITE_OUTPUT (winioctl.h): the device no longer accepts the token.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_write_output
 */
export const STORAGE_OFFLOAD_TOKEN_INVALID = 0x2;

// Tokens (winioctl.h): https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddstor/ns-ntddstor-_storage_offload_token

/** The size of a token in bytes. */
export const STORAGE_OFFLOAD_MAX_TOKEN_LENGTH = 0x200;

/** The size of the opaque part of a token in bytes, and the TokenIdLength of the zero token. */
export const STORAGE_OFFLOAD_TOKEN_ID_LENGTH = 0x1f8;

/** TokenType of the well-known token that stands for zeros. The four bytes in the token are big-endian. */
export const STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA = 0xffff_0001;

// PropertyId of STORAGE_PROPERTY_QUERY (winioctl.h):
// https://learn.microsoft.com/windows/win32/api/winioctl/ne-winioctl-storage_property_id
/** Sector sizes and alignment of a device. */
export const StorageAccessAlignmentProperty = 6;
/** The copy-offload descriptor of a device. */
export const StorageDeviceCopyOffloadProperty = 13;

// QueryType of STORAGE_PROPERTY_QUERY (winioctl.h):
// https://learn.microsoft.com/windows/win32/api/winioctl/ne-winioctl-storage_query_type
/** Requests the descriptor. */
export const PropertyStandardQuery = 0;
/** Asks whether the property exists. For copy offload the class driver answers yes on every disk. */
export const PropertyExistsQuery = 1;

/** A flag of CopyFile2 (WinBase.h): copy without offload. */
export const COPY_FILE_NO_OFFLOAD = 0x0004_0000;

/** A flag in the progress messages of CopyFile2 (WinBase.h): the chunk was offloaded. */
export const COPYFILE2_MESSAGE_COPY_OFFLOAD = 0x1;

// SupportedFeatures of a filter driver (ntifs.h):
// https://learn.microsoft.com/windows-hardware/drivers/ifs/offloaded-data-transfers
/** The filter lets offload reads pass. */
export const SUPPORTED_FS_FEATURES_OFFLOAD_READ = 0x1;
/** The filter lets offload writes pass. */
export const SUPPORTED_FS_FEATURES_OFFLOAD_WRITE = 0x2;
/** The filter handles IRP_MJ_QUERY_OPEN. */
export const SUPPORTED_FS_FEATURES_QUERY_OPEN = 0x4;
/** The filter supports BypassIO. */
export const SUPPORTED_FS_FEATURES_BYPASS_IO = 0x8;
