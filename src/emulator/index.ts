/**
 * A kernel for tests and development: files of this host that behave like a storage array.
 *
 * @module win-odx/emulator
 */
export type { EmulatedCall } from './call-log.ts';
export { createEmulator, type Emulator } from './emulator.ts';
export type { Intercept, InterceptedCall, Interception } from './intercept.ts';
export type { EmulatorOptions } from './options.ts';
