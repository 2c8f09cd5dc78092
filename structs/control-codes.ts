import {
  CTL_CODE,
  FILE_ANY_ACCESS,
  FILE_DEVICE_DISK,
  FILE_DEVICE_FILE_SYSTEM,
  FILE_DEVICE_MASS_STORAGE,
  FILE_READ_ACCESS,
  FILE_WRITE_ACCESS,
  METHOD_BUFFERED,
} from './ctl-code.ts';

/**
 * 0x0009_4264 (winioctl.h): turns a range of a file into a token. The handle needs FILE_READ_DATA.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-read
 */
export const FSCTL_OFFLOAD_READ: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  153,
  METHOD_BUFFERED,
  FILE_READ_ACCESS,
);

/**
 * 0x0009_8268 (winioctl.h): writes the data behind a token into a file. The handle needs FILE_WRITE_DATA.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write
 */
export const FSCTL_OFFLOAD_WRITE: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  154,
  METHOD_BUFFERED,
  FILE_WRITE_ACCESS,
);

/**
 * 0x002D_9404 (winioctl.h): runs a data set management action on ranges of a device. The handle needs write
 * access, for an offload read as well.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_manage_data_set_attributes
 */
export const IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES: number = CTL_CODE(
  FILE_DEVICE_MASS_STORAGE,
  0x501,
  METHOD_BUFFERED,
  FILE_WRITE_ACCESS,
);

/**
 * 0x002D_1400 (winioctl.h): asks a device for one of its properties. Any handle will do.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_query_property
 */
export const IOCTL_STORAGE_QUERY_PROPERTY: number = CTL_CODE(
  FILE_DEVICE_MASS_STORAGE,
  0x500,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/**
 * 0x0007_405C (winioctl.h): asks a disk, volume or partition for its length. The handle needs read access.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_disk_get_length_info
 */
export const IOCTL_DISK_GET_LENGTH_INFO: number = CTL_CODE(
  FILE_DEVICE_DISK,
  0x17,
  METHOD_BUFFERED,
  FILE_READ_ACCESS,
);

/**
 * 0x0007_0000 (winioctl.h): asks a disk for its geometry, of which only the sector size still means something.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_disk_get_drive_geometry
 */
export const IOCTL_DISK_GET_DRIVE_GEOMETRY: number = CTL_CODE(
  FILE_DEVICE_DISK,
  0,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);
