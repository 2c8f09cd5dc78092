import type { EmulatorOptions } from '../../src/emulator/index.ts';
import * as kit from '../kit.ts';

// Former names of what test/kit.ts exports, for the tests that still import them.
export { failureOf, patternBytes as patterned } from '../kit.ts';

export interface Workspace extends kit.Workspace {
  hollow(name: string, size: number): string;
}

export function workspace(options?: EmulatorOptions): Workspace {
  const made = kit.workspace(options);
  return { ...made, hollow: made.sparseFile };
}
