import koffi, { type LibraryHandle } from 'koffi';
import { ERROR_PROC_NOT_FOUND } from '../../structs/index.ts';
import { describeValue } from '../describe.ts';
import { InvalidArgumentError, UnsupportedPlatformError } from '../errors.ts';
import { field, optional } from '../fields.ts';
import { refuse, requestSchema } from '../request.ts';
import { type Kernel, KernelFailure } from './kernel.ts';
import type { Native, NativeFunctions } from './win32/native.ts';
import { type NativeSymbol, SYMBOLS } from './win32/symbols.ts';
import { win32Kernel } from './win32/win32-kernel.ts';

export type { Kernel } from './kernel.ts';

/** Where {@link loadKernel32} finds its libraries. */
export interface Kernel32Options {
  /** Name or path of the library that plays kernel32. Default 'kernel32.dll'. */
  readonly kernel32?: string | undefined;
  /** Name or path of the library that plays ntdll. Default 'ntdll.dll'. */
  readonly ntdll?: string | undefined;
}

type KoffiFunction = ReturnType<LibraryHandle['func']>;

const ROOM_AGAIN_MS = 1;

/**
 * Loads kernel32.dll and gives the kernel that calls it. Functions are bound when they are first called.
 *
 * Programs do not need this: the functions of 'win-odx' load it by themselves. It is for shims and tests.
 *
 * @param options other libraries that export the same functions.
 * @returns a kernel for {@link createOdx}.
 * @throws {UnsupportedPlatformError} where there is no kernel32.dll, or the process is not a 64-bit one.
 * @throws {InvalidArgumentError} when an option is not legal, or the library that it names cannot be loaded.
 * @see https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-deviceiocontrol
 * @example
 * const odx = createOdx({ kernel: loadKernel32({ kernel32: './shim.dll' }) });
 */
export function loadKernel32(options: Kernel32Options = {}): Kernel {
  const names = kernel32Options.check(options);
  if (koffi.sizeof('void *') !== 8) {
    throw new UnsupportedPlatformError({ cause: new Error('A 64-bit build of Node.js is needed.') });
  }
  const libraries = new Libraries(names);
  libraries.open('kernel32');
  return win32Kernel(bindLazily(libraries));
}

const libraryName = () =>
  optional(
    field<string>(
      (value) => typeof value === 'string' && value !== '',
      (path, value) => (nameOf) =>
        `${nameOf(path)} is ${describeValue(value)}; it must be the name or path of a library, such as '${path}.dll'.`,
    ),
  );

const kernel32Options = requestSchema('loadKernel32', { kernel32: libraryName(), ntdll: libraryName() });

class Libraries {
  readonly #names: Kernel32Options;
  readonly #loaded = new Map<NativeSymbol['library'], LibraryHandle>();

  constructor(names: Kernel32Options) {
    this.#names = names;
  }

  open(library: NativeSymbol['library']): LibraryHandle {
    let handle = this.#loaded.get(library);
    if (handle === undefined) {
      handle = this.#load(library);
      this.#loaded.set(library, handle);
    }
    return handle;
  }

  #load(library: NativeSymbol['library']): LibraryHandle {
    // Node itself exports what libuv offers to addons.
    if (library === 'node') return koffi.load(null);
    const given = library === 'kernel32' || library === 'ntdll' ? this.#names[library] : undefined;
    try {
      return koffi.load(given ?? `${library}.dll`);
    } catch (cause) {
      if (given !== undefined)
        refuse(
          library,
          `${library} is ${describeValue(given)}, which could not be loaded: ${reasonOf(cause)}.`,
        );
      if (library === 'kernel32') throw new UnsupportedPlatformError({ cause });
      throw new KernelFailure(ERROR_PROC_NOT_FOUND);
    }
  }
}

// Each function is a trampoline until it is first called: it binds the symbol and puts the bound function in its place.
function bindLazily(libraries: Libraries): Native {
  const bound = new Map<string, KoffiFunction>();
  const bind = (name: keyof NativeFunctions): KoffiFunction => {
    let native = bound.get(name);
    if (native === undefined) {
      const { library, result, parameters } = SYMBOLS[name];
      try {
        native = libraries.open(library).func('__stdcall', name, result, [...parameters]);
      } catch (error) {
        if (error instanceof KernelFailure || error instanceof InvalidArgumentError) throw error;
        throw new KernelFailure(ERROR_PROC_NOT_FOUND);
      }
      bound.set(name, native);
    }
    return native;
  };
  const functions: Record<string, KoffiFunction | ((...parameters: never[]) => unknown)> = {};
  for (const name of Object.keys(SYMBOLS) as (keyof NativeFunctions)[]) {
    functions[name] = (...parameters: unknown[]) => {
      const native = bind(name);
      functions[name] = native;
      return native(...parameters);
    };
  }
  const native: Pick<Native, 'background' | 'addressOf'> = {
    background(name, parameters, done) {
      const call = bind(name);
      whenKoffiHasRoom(() => {
        call.async(...parameters, (error: unknown, result: ReturnType<NativeFunctions[typeof name]>) => {
          // Koffi reports here what it could not call at all, which the types of this module exclude.
          if (error) throw error;
          done(result);
        });
      });
    },
    addressOf: (buffer) => Number(koffi.address(buffer)),
  };
  // As a prototype, for V8 looks functions up fastest there: an object that is filled like this one becomes a dictionary.
  // SYMBOLS has a row for each of NativeFunctions, which its type makes the compiler check.
  return Object.assign(Object.create(functions), native) as Native;
}

// Koffi takes 256 asynchronous calls at a time from the whole process, of which this package makes four at most.
function whenKoffiHasRoom(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('Too many asynchronous calls')) throw error;
    setTimeout(whenKoffiHasRoom, ROOM_AGAIN_MS, call);
  }
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
}
