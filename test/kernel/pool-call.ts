import type { PoolCall } from '../../src/kernel/win32/calls.ts';
import type { Native, NativeFunctions } from '../../src/kernel/win32/native.ts';

/** Makes the calls of a job on functions that a test plays, without a pool. */
export function poolCall(functions: Partial<NativeFunctions>): PoolCall {
  return async (name, ...parameters) => {
    const played = functions[name];
    if (played === undefined) throw new Error(`The test does not play ${name}.`);
    return { result: Reflect.apply(played, functions, parameters), errno: functions.GetLastError?.() ?? 0 };
  };
}

/** Functions that a test plays, for code that calls them directly. */
export function nativeOf(functions: Partial<Native>): Native {
  return functions as Native;
}
