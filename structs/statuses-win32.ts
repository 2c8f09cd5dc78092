import type { Win32Status } from './status.ts';

const rows: readonly Win32Status[] = [
  {
    name: 'ERROR_MR_MID_NOT_FOUND',
    value: 317,
    action: 'fail',
    meaning: 'Windows has no Win32 number for the NTSTATUS of the failure and shows this one instead.',
    advice: 'Look at the ntstatus of the error where there is one, or watch the call with Process Monitor.',
  },
  {
    name: 'ERROR_FILE_EXISTS',
    value: 80,
    action: 'fix-call',
    meaning: 'The file exists already, and was to be created.',
    advice: 'Choose another name, or allow it to be overwritten.',
  },
  {
    name: 'ERROR_NEGATIVE_SEEK',
    value: 131,
    action: 'fix-call',
    meaning: 'The position would lie before the beginning of the file.',
    advice: 'Pass an offset that is not negative.',
  },
  {
    name: 'ERROR_FILENAME_EXCED_RANGE',
    value: 206,
    action: 'fix-call',
    meaning: 'The path is longer than Windows allows in this form.',
    advice: 'Write it with the prefix \\\\?\\, or shorten it.',
  },
  {
    name: 'ERROR_MOD_NOT_FOUND',
    value: 126,
    action: 'fail',
    meaning: 'A DLL, or one that it needs, was not found.',
    advice: 'Check the paths that were given to loadKernel32().',
  },
  {
    name: 'ERROR_PROC_NOT_FOUND',
    value: 127,
    action: 'fail',
    meaning: 'A DLL does not export a function that is needed.',
    advice:
      'Use a Windows that Node.js supports, and if kernel32 or ntdll are played by other libraries, let them export it.',
  },
  {
    name: 'ERROR_IO_INCOMPLETE',
    value: 996,
    action: 'fail',
    meaning: 'The operation has not ended yet.',
    advice: 'Wait for its event or completion port before asking for its result.',
  },
];

/** Win32 errors that kernel32 raises by itself, so that no NTSTATUS of the table leads to them. */
export const win32Only: readonly Win32Status[] = Object.freeze(rows.map((row) => Object.freeze(row)));
