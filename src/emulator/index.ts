export type { EmulatedCall } from './call-log.ts';
export { createEmulator, type Emulator } from './emulator.ts';
export type { Intercept, InterceptedCall, Interception } from './intercept.ts';
export type { EmulatorOptions } from './options.ts';
