import type { Emulator, EmulatorOptions } from '../emulator/index.ts';
import type { Odx } from '../index.ts';
import type { CommonValues } from './command.ts';
import { UsageError } from './errors.ts';
import { byteCount, parseSize, parseTime } from './quantities.ts';

/** Loads the library, and the kernel that the command line selects, when a command needs them. */
export interface KernelLoader {
  load(): Promise<LoadedKernel>;
  /** An emulator with the options of the command line. */
  createEmulator(): Promise<Emulator>;
}

export interface LoadedKernel {
  /** The functions of this package, bound to the kernel. */
  readonly odx: Odx;
  /** Present where the emulator is the kernel. */
  readonly emulator: Emulator | undefined;
  /** The emulator is used because there is no kernel32.dll: the command demonstrates what it would do. */
  readonly isDemonstration: boolean;
}

/** What the options of the emulator are called on the command line. */
export const emulatorFieldNames: Readonly<Record<string, string>> = {
  sectorSize: '--sector',
  maximumTransferSize: '--max-transfer',
  maximumWriteSize: '--max-write',
  tokenLifetime: '--token-lifetime',
  latency: '--latency',
  supported: '--incapable',
};

const NO_KERNEL32 = 'There is no kernel32.dll here, so the emulator is used, on real files.';

/** Throws UsageError where an option of the emulator is not legal. */
export function kernelLoader(values: CommonValues, notice: (line: string) => void): KernelLoader {
  const options = emulatorSettings(values);
  const isWindows = process.platform === 'win32';
  const [first] = Object.keys(options);
  if (isWindows && !values.emulate && first !== undefined) {
    throw new UsageError(
      `${emulatorFieldNames[first] ?? first} is an option of the emulator; add --emulate.`,
    );
  }
  const createEmulator = async (): Promise<Emulator> => {
    const emulator = await import('../emulator/index.ts');
    return emulator.createEmulator(options);
  };
  return {
    createEmulator,
    async load() {
      const { createOdx } = await import('../index.ts');
      if (isWindows && !values.emulate) {
        const { loadKernel32 } = await import('../kernel/kernel32.ts');
        return { odx: createOdx({ kernel: loadKernel32() }), emulator: undefined, isDemonstration: false };
      }
      if (!values.emulate) notice(NO_KERNEL32);
      const emulator = await createEmulator();
      return { odx: createOdx({ kernel: emulator }), emulator, isDemonstration: !values.emulate };
    },
  };
}

function emulatorSettings(values: CommonValues): EmulatorOptions {
  const { sector, latency, incapable } = values;
  const transfer = values['max-transfer'];
  const write = values['max-write'];
  const lifetime = values['token-lifetime'];
  return {
    ...(sector !== undefined && { sectorSize: Number(parseSize('--sector', sector)) }),
    ...(transfer !== undefined && { maximumTransferSize: byteCount(parseSize('--max-transfer', transfer)) }),
    ...(write !== undefined && { maximumWriteSize: byteCount(parseSize('--max-write', write)) }),
    ...(lifetime !== undefined && { tokenLifetime: parseTime('--token-lifetime', lifetime) }),
    ...(latency !== undefined && { latency: parseTime('--latency', latency) }),
    ...(incapable && { supported: false }),
  };
}
