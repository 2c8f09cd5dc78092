import { type Emulator, emulatedKernel } from './emulator.ts';
import { checkOptions, type EmulatorOptions } from './options.ts';

export type { EmulatedCall } from './call-log.ts';
export type { Emulator } from './emulator.ts';
export type { Intercept, InterceptedCall, Interception } from './interception.ts';
export type { EmulatorOptions } from './options.ts';

/**
 * Makes a storage array that offloads copies between ordinary files of this host, on every OS: what kernel32 is to
 * Windows, for tests and for development.
 *
 * It answers the same bytes with the same statuses, in the same order of checks, as Windows documents them. A token
 * stands for a range of a file in the state it was in: it dies when that range is written, by whatever program; what
 * others write is told by size and last write time. Unlike some real arrays this one lets a token outlive the handle it
 * was read from; keep the source open all the same. The data of an offload write is copied by this process. Tokens and
 * states live in the emulator that made them: another one knows nothing of them.
 *
 * @param options see {@link EmulatorOptions}; sizes in bytes, times in milliseconds.
 * @returns a kernel for createOdx, with the control codes it has seen in `calls`. It holds nothing that needs closing.
 * @throws {InvalidArgumentError} when an option is unknown or not legal.
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-fsa
 * @example
 * const emulator = createEmulator({ latency: 5, maximumWriteSize: 16777216 });
 * const odx = createOdx({ kernel: emulator });
 * await odx.copyFile('big.vhdx', 'copy.vhdx');
 * emulator.calls.length // how many control codes it took
 * @example
 * // The first offload write finds its token expired.
 * let refused = false;
 * createEmulator({
 *   intercept({ name }) {
 *     if (name !== 'FSCTL_OFFLOAD_WRITE' || refused) return undefined;
 *     refused = true;
 *     return { status: 0xC0000465 };
 *   },
 * });
 */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  return emulatedKernel(checkOptions(options));
}
