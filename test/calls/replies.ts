import type { Emulator } from '../../src/emulator/index.ts';
import type { Frame, Kernel } from '../../src/kernel/kernel.ts';

/** The emulator, whose answers are changed on their way back: `change` gets what came and says how many bytes came. */
export function answering(
  emulator: Emulator,
  change: (output: DataView, returned: number) => number,
): Kernel {
  const overrides: Pick<Kernel, 'control' | 'controlSync'> = {
    async control(handle, code, frame: Frame, inputLength, outputLength, signal) {
      const returned = await emulator.control(handle, code, frame, inputLength, outputLength, signal);
      return change(frame.outputView, returned);
    },
    controlSync(handle, code, frame, inputLength, outputLength) {
      return change(frame.outputView, emulator.controlSync(handle, code, frame, inputLength, outputLength));
    },
  };
  return new Proxy<Kernel>(emulator, {
    get(target, key) {
      const value: unknown = Reflect.get(key in overrides ? overrides : target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
