// winioctl.h: https://learn.microsoft.com/windows/win32/api/winioctl/ne-winioctl-storage_property_id
export const StorageAccessAlignmentProperty = 6;
export const StorageDeviceCopyOffloadProperty = 13;

// winioctl.h: https://learn.microsoft.com/windows/win32/api/winioctl/ne-winioctl-storage_query_type
/** Asks for the descriptor. */
export const PropertyStandardQuery = 0;
/** Asks whether the property exists; the class driver says yes for copy offload on every disk. */
export const PropertyExistsQuery = 1;
