import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/cli/describe-error.ts';
import { Win32Error } from '../../src/errors.ts';

describe('the description of an error of Windows', () => {
  it('has the advice of the command line, which does not speak of functions', () => {
    const error = new Win32Error({ errno: 5 }, { syscall: 'WriteFile', path: 'copy.vhdx' });
    expect(describeError(error)).toEqual({
      exitCode: 1,
      sentence: expect.stringMatching(/^ERROR_ACCESS_DENIED \(5\): WriteFile on 'copy\.vhdx' failed\. /),
      next: 'Check that you have the right, and that the file and its volume are not read-only.',
    });
  });

  it('keeps an explanation that was given where it happened', () => {
    const explanation = { meaning: 'Files on the volume are open.', advice: 'Close them.' };
    const error = new Win32Error(
      { errno: 5 },
      { syscall: 'FSCTL_LOCK_VOLUME', path: '\\\\.\\D:', explanation },
    );
    expect(describeError(error)).toEqual({
      exitCode: 1,
      sentence:
        "ERROR_ACCESS_DENIED (5): FSCTL_LOCK_VOLUME on '\\\\.\\D:' failed. Files on the volume are open.",
      next: 'Close them.',
    });
  });
});
