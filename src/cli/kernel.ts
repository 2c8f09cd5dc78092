import type { Emulator, EmulatorOptions } from '../emulator/index.ts';
import type { Odx } from '../index.ts';
import type { GlobalValues } from './global-options.ts';
import { parseSize, parseTime, plain } from './size.ts';
import { UsageError } from './usage-error.ts';

/** The functions of this package, bound to the kernel that the command line asks for. */
export interface Bound {
  readonly odx: Odx;
  /** Present where the emulator plays the storage. */
  readonly emulator: Emulator | undefined;
  /** The emulator stands in for a kernel32 that is not here: what is done shows how it would be, rather than does it fast. */
  readonly isDemonstration: boolean;
}

/** Loads a kernel when a command needs one. */
export interface Kernels {
  bind(): Promise<Bound>;
  /** The emulator as the options describe it. */
  emulator(): Promise<Emulator>;
}

const NOT_HERE = 'kernel32.dll is not here: using the emulator, in this process, on real files.';

/** Throws UsageError when an option of the emulator makes no sense. */
export function chooseKernel(values: GlobalValues, notice: (line: string) => void): Kernels {
  const options = emulatorOptions(values);
  const windows = process.platform === 'win32';
  const [first] = Object.keys(options);
  if (windows && !values.emulate && first !== undefined) {
    throw new UsageError(`${emulatorSpelling[first] ?? first} is an option of the emulator; add --emulate.`);
  }
  const emulator = async (): Promise<Emulator> => {
    const { createEmulator } = await import('../emulator/index.ts');
    return createEmulator(options);
  };
  return {
    emulator,
    async bind() {
      const { createOdx } = await import('../index.ts');
      if (windows && !values.emulate) {
        const { loadKernel32 } = await import('../kernel/kernel32.ts');
        return { odx: createOdx({ kernel: loadKernel32() }), emulator: undefined, isDemonstration: false };
      }
      if (!values.emulate) notice(NOT_HERE);
      const kernel = await emulator();
      return { odx: createOdx({ kernel }), emulator: kernel, isDemonstration: !values.emulate };
    },
  };
}

/** How the options of the emulator are spelt on the command line. */
export const emulatorSpelling: Readonly<Record<string, string>> = {
  sectorSize: '--sector',
  maximumTransferSize: '--max-transfer',
  maximumWriteSize: '--max-write',
  tokenLifetime: '--token-lifetime',
  latency: '--latency',
  supported: '--incapable',
};

function emulatorOptions(values: GlobalValues): EmulatorOptions {
  const sector = values.sector;
  const transfer = values['max-transfer'];
  const write = values['max-write'];
  const lifetime = values['token-lifetime'];
  return {
    ...(sector !== undefined && { sectorSize: Number(parseSize('--sector', sector)) }),
    ...(transfer !== undefined && { maximumTransferSize: plain(parseSize('--max-transfer', transfer)) }),
    ...(write !== undefined && { maximumWriteSize: plain(parseSize('--max-write', write)) }),
    ...(lifetime !== undefined && { tokenLifetime: parseTime('--token-lifetime', lifetime) }),
    ...(values.latency !== undefined && { latency: parseTime('--latency', values.latency) }),
    ...(values.incapable && { supported: false }),
  };
}
