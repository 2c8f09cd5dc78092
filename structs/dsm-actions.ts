// winioctl.h: https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_manage_data_set_attributes

/** The bit of an action that leaves the data as it is; a driver that does not know such an action passes it on. */
export const DeviceDsmActionFlag_NonDestructive = 0x8000_0000;

export const DeviceDsmAction_None = 0x0000_0000;
/** Destructive: the ranges no longer hold anything of worth. */
export const DeviceDsmAction_Trim = 0x0000_0001;
export const DeviceDsmAction_Notification = 0x8000_0002;
/** Makes a token for ranges of a device. */
export const DeviceDsmAction_OffloadRead = 0x8000_0003;
/** Destructive, hence without the high bit: writes the data behind a token to ranges of a device. */
export const DeviceDsmAction_OffloadWrite = 0x0000_0004;
export const DeviceDsmAction_Allocation = 0x8000_0005;
export const DeviceDsmAction_Repair = 0x8000_0006;
export const DeviceDsmAction_Scrub = 0x8000_0007;
export const DeviceDsmAction_DrtQuery = 0x8000_0008;
export const DeviceDsmAction_DrtClear = 0x8000_0009;
export const DeviceDsmAction_DrtDisable = 0x8000_000a;

/** The whole device instead of ranges; the class driver refuses it for the offload actions. */
export const DEVICE_DSM_FLAG_ENTIRE_DATA_SET_RANGE = 0x0000_0001;
// The high half of the flags belongs to the action, so one number has several names.
export const DEVICE_DSM_FLAG_TRIM_NOT_FS_ALLOCATED = 0x8000_0000;
export const DEVICE_DSM_FLAG_TRIM_BYPASS_RZAT = 0x4000_0000;
export const DEVICE_DSM_FLAG_ALLOCATION_CONSOLIDATEABLE_ONLY = 0x4000_0000;
export const DEVICE_DSM_FLAG_SCRUB_SKIP_IN_SYNC = 0x1000_0000;
