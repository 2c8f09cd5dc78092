import type { Emulator } from '../../src/emulator/index.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';

/** The emulator with changed replies: `change` gets the output and its length, and returns the length to report. */
export function answering(
  emulator: Emulator,
  change: (output: DataView, returned: number) => number,
): Kernel {
  return {
    ...emulator,
    async control(handle, code, buffers, inputLength, outputLength, signal) {
      const returned = await emulator.control(handle, code, buffers, inputLength, outputLength, signal);
      return change(buffers.outputView, returned);
    },
    controlSync(handle, code, buffers, inputLength, outputLength) {
      const returned = emulator.controlSync(handle, code, buffers, inputLength, outputLength);
      return change(buffers.outputView, returned);
    },
  };
}
