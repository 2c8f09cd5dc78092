import type { Status } from './status.ts';

// ntstatus.h and winerror.h; what each means to an offload: MS-FSA 2.1.5.10.20 and .21, MS-FSCC 2.3.41 to 2.3.44,
// https://learn.microsoft.com/windows-hardware/drivers/ifs/offloaded-data-transfers

/** The statuses that exist because of copy offload: capabilities, and the token. */
export const offloadStatuses: readonly Status[] = [
  {
    name: 'STATUS_OFFLOAD_READ_FLT_NOT_SUPPORTED',
    value: 0xc000_a2a1,
    win32: { name: 'ERROR_OFFLOAD_READ_FLT_NOT_SUPPORTED', value: 4440 },
    action: 'fallback',
    meaning:
      'A filter driver on the source volume, such as antivirus or backup, does not allow offload reads.',
    advice:
      'Run "fltmc instances -v <volume>" as administrator and look for a filter whose SprtFtrs value lacks bit 1; until it opts in, copy by ordinary reads and writes.',
  },
  {
    name: 'STATUS_OFFLOAD_WRITE_FLT_NOT_SUPPORTED',
    value: 0xc000_a2a2,
    win32: { name: 'ERROR_OFFLOAD_WRITE_FLT_NOT_SUPPORTED', value: 4441 },
    action: 'fallback',
    meaning:
      'A filter driver on the destination volume, such as antivirus or backup, does not allow offload writes.',
    advice:
      'Run "fltmc instances -v <volume>" as administrator and look for a filter whose SprtFtrs value lacks bit 2; until it opts in, copy by ordinary reads and writes.',
  },
  {
    name: 'STATUS_OFFLOAD_READ_FILE_NOT_SUPPORTED',
    value: 0xc000_a2a3,
    win32: { name: 'ERROR_OFFLOAD_READ_FILE_NOT_SUPPORTED', value: 4442 },
    action: 'fallback',
    meaning:
      'The source is a kind of file that cannot be offloaded: sparse, compressed, encrypted, transacted or metadata.',
    advice:
      'Check the file with "fsutil sparse queryflag", "compact" and "cipher", and copy it by ordinary reads and writes.',
  },
  {
    name: 'STATUS_OFFLOAD_WRITE_FILE_NOT_SUPPORTED',
    value: 0xc000_a2a4,
    win32: { name: 'ERROR_OFFLOAD_WRITE_FILE_NOT_SUPPORTED', value: 4443 },
    action: 'fallback',
    meaning:
      'The destination is a kind of file that cannot be offloaded to: sparse, compressed, encrypted, transacted or metadata.',
    advice:
      'Check the file and its folder with "fsutil sparse queryflag", "compact" and "cipher", and copy by ordinary reads and writes.',
  },
  {
    name: 'STATUS_DEVICE_FEATURE_NOT_SUPPORTED',
    value: 0xc000_0463,
    win32: { name: 'ERROR_DEVICE_FEATURE_NOT_SUPPORTED', value: 316 },
    action: 'fallback',
    meaning: 'The disk beneath the volume does not offer copy offload.',
    advice:
      'Ask the disk with "odx probe" or Get-OffloadDataTransferSetting, check that offload is licensed and enabled on the array, and copy by ordinary reads and writes.',
  },
  {
    name: 'STATUS_DEVICE_UNREACHABLE',
    value: 0xc000_0464,
    win32: { name: 'ERROR_DEVICE_UNREACHABLE', value: 321 },
    action: 'fallback',
    meaning: 'The storage behind the source and the storage behind the destination cannot reach each other.',
    advice:
      'Copy by ordinary reads and writes, or keep both files on one array or on arrays that are set up to copy between themselves.',
  },
  {
    name: 'STATUS_INVALID_TOKEN',
    value: 0xc000_0465,
    win32: { name: 'ERROR_INVALID_TOKEN', value: 315 },
    action: 'refresh-token',
    meaning:
      'The storage does not accept the token: it has expired, its source has changed or was closed, it belongs to another array, or its bytes are damaged.',
    advice:
      'Read a fresh token from the source once and repeat the write; if that is refused as well, copy by ordinary reads and writes.',
  },
  {
    name: 'STATUS_BEYOND_VDL',
    value: 0xc000_0432,
    win32: { name: 'ERROR_BEYOND_VDL', value: 1289 },
    action: 'fix-call',
    meaning: 'The write would begin beyond the valid data length of the destination and leave a gap.',
    advice: 'Write the destination in ascending order without gaps, beginning at its valid data length.',
  },
  {
    name: 'STATUS_INVALID_DEVICE_REQUEST',
    value: 0xc000_0010,
    win32: { name: 'ERROR_INVALID_FUNCTION', value: 1 },
    action: 'fallback',
    meaning:
      'What is behind the handle does not know the control code: only files on NTFS offload, those on FAT and ReFS do not.',
    advice:
      'Find out the file system with "fsutil fsinfo volumeinfo <volume>", and copy by ordinary reads and writes where it is not NTFS.',
  },
  {
    name: 'STATUS_NOT_IMPLEMENTED',
    value: 0xc000_0002,
    win32: { name: 'ERROR_INVALID_FUNCTION', value: 1 },
    action: 'fallback',
    meaning: 'The file system or the driver has left this request unimplemented.',
    advice: 'Copy by ordinary reads and writes, and run "odx probe" on the file to see what answers.',
  },
  {
    name: 'STATUS_NOT_SUPPORTED',
    value: 0xc000_00bb,
    win32: { name: 'ERROR_NOT_SUPPORTED', value: 50 },
    action: 'fallback',
    meaning:
      'Offload is off for this volume: the storage refused it earlier, a filter blocks it, or the share does not carry it.',
    advice:
      'Run "odx probe" on the file; on a share check that the server offloads over SMB 3, on a disk mount the volume again after enabling offload, and meanwhile copy by ordinary reads and writes.',
  },
];
