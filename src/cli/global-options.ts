import type { Values } from './options.ts';

/** Options of every command. */
export const globalOptions = {
  json: { type: 'boolean', help: 'print one JSON document; 64-bit numbers in it are decimal strings' },
  emulate: { type: 'boolean', help: 'use the emulator (always so where there is no kernel32.dll)' },
  sector: { type: 'string', value: 'SIZE', help: 'emulator: logical sector, 512 to 64KiB' },
  latency: {
    type: 'string',
    value: 'TIME',
    help: 'emulator: what each control code takes at least, as 20ms',
  },
  'max-transfer': { type: 'string', value: 'SIZE', help: 'emulator: most that one token covers' },
  'max-write': { type: 'string', value: 'SIZE', help: 'emulator: most that one offload write does' },
  'token-lifetime': { type: 'string', value: 'TIME', help: 'emulator: how long a token is good for, as 30s' },
  incapable: { type: 'boolean', help: 'emulator: storage without copy offload, to see the fallback' },
  debug: { type: 'boolean', help: 'print the stack of an error' },
  help: { type: 'boolean', short: 'h', help: 'print this help' },
} as const;

export type GlobalValues = Values<typeof globalOptions>;
