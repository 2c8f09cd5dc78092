/**
 * The kernel that calls kernel32.dll, for programs that load it themselves.
 *
 * @module win-odx/kernel32
 */
import koffi, { type LibraryHandle, type TypeObject } from 'koffi';
import { ERROR_PROC_NOT_FOUND } from '../../structs/index.ts';
import { describeValue } from '../describe.ts';
import { InvalidArgumentError, UnsupportedPlatformError } from '../errors.ts';
import { field, optional } from '../fields.ts';
import { refuse, requestSchema } from '../request.ts';
import { type Kernel, KernelFailure } from './kernel.ts';
import {
  type FunctionName,
  type Native,
  type NativeFunctions,
  type NativeSymbol,
  nativeMemory,
  PROGRESS_ROUTINE,
  SYMBOLS,
  textOf,
} from './win32/native.ts';
import { win32Kernel } from './win32/win32-kernel.ts';

export type { Kernel } from './kernel.ts';

/** Where {@link loadKernel32} finds its libraries. */
export interface Kernel32Options {
  /** Name or path of the library to use as kernel32. Default 'kernel32.dll'. */
  readonly kernel32?: string | undefined;
  /** Name or path of the library to use as ntdll. Default 'ntdll.dll'. */
  readonly ntdll?: string | undefined;
}

type KoffiFunction = ReturnType<LibraryHandle['func']>;

const RETRY_MS = 1;
const PATH_LENGTH = 260;
const PAGE = 4096;

/**
 * Loads kernel32.dll and returns the kernel that calls it. Functions are bound when they are first called.
 *
 * Programs do not need this: the functions of 'win-odx' load it themselves. It is for shims and tests.
 *
 * In a worker thread, let calls end or abort them before the thread ends. `worker.terminate()` runs no code of the thread: its
 * files stay open until the process ends, what is pending goes on in Windows (the memory of the call stays allocated for
 * it), and the termination waits for a call that blocks, as does a `process.exit` of the main thread.
 *
 * @param options other libraries that export the same functions.
 * @returns a kernel for createOdx.
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

type Library = NativeSymbol['library'];
/** Koffi passes a number where that is exact. */
type Int64 = number | bigint;

/** The libraries, each loaded when one of its functions is first called. */
class Libraries {
  readonly #names: Kernel32Options;
  readonly #loaded = new Map<Library, LibraryHandle>();

  constructor(names: Kernel32Options) {
    this.#names = names;
  }

  open(library: Library): LibraryHandle {
    let handle = this.#loaded.get(library);
    if (handle === undefined) {
      handle = this.#load(library);
      this.#loaded.set(library, handle);
    }
    return handle;
  }

  func(name: FunctionName): KoffiFunction {
    const { library, result, parameters } = SYMBOLS[name];
    try {
      return this.open(library).func('__stdcall', name, result, [...parameters]);
    } catch (error) {
      if (error instanceof KernelFailure || error instanceof InvalidArgumentError) throw error;
      throw new KernelFailure(ERROR_PROC_NOT_FOUND);
    }
  }

  #load(library: Library): LibraryHandle {
    // Node exports the functions of libuv.
    if (library === 'node') return koffi.load(null);
    const given = library === 'kernel32' || library === 'ntdll' ? this.#names[library] : undefined;
    try {
      return koffi.load(given ?? this.#pathOf(library));
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

  // Windows maps kernel32 and ntdll into each process. Any other DLL found by its name might come from the working folder.
  #pathOf(library: Library): string {
    const name = `${library}.dll`;
    if (library === 'kernel32' || library === 'ntdll') return name;
    const folder = nativeMemory(2 * PATH_LENGTH);
    const length = Number(this.func('GetSystemDirectoryW')(folder, PATH_LENGTH));
    if (length === 0 || length > PATH_LENGTH) throw new KernelFailure(ERROR_PROC_NOT_FOUND);
    return `${textOf(folder)}\\${name}`;
  }
}

// Each function starts as a stub, which on its first call binds the symbol and replaces itself with the bound function.
function bindLazily(libraries: Libraries): Native {
  let progressRoutine: TypeObject | undefined;
  const bound = new Map<FunctionName, KoffiFunction>();
  const bind = (name: FunctionName): KoffiFunction => {
    let native = bound.get(name);
    if (native === undefined) {
      native = libraries.func(name);
      bound.set(name, native);
    }
    return native;
  };
  const functions: Record<string, KoffiFunction | ((...parameters: never[]) => unknown)> = {};
  for (const name of Object.keys(SYMBOLS) as FunctionName[]) {
    functions[name] = (...parameters: unknown[]) => {
      const native = bind(name);
      functions[name] = native;
      return native(...parameters);
    };
  }
  const native: Omit<Native, FunctionName> = {
    background(name, parameters, done) {
      const call = bind(name);
      whenKoffiHasRoom(() => {
        call.async(...parameters, (error: unknown, result: ReturnType<NativeFunctions[typeof name]>) => {
          // Koffi reports arguments that it cannot convert, which the types of this module exclude.
          if (error) throw error;
          done(result);
        });
      });
    },
    allocate,
    addressOf: (buffer) => Number(koffi.address(buffer)),
    addressOfFunction(name) {
      try {
        return Number(koffi.address(libraries.open('kernel32').symbol(name)));
      } catch {
        throw new KernelFailure(ERROR_PROC_NOT_FOUND);
      }
    },
    progressRoutine(called) {
      const { result, parameters } = PROGRESS_ROUTINE;
      progressRoutine ??= koffi.pointer(koffi.proto('__stdcall', null, result, [...parameters]));
      const routine = koffi.register(
        (_total: Int64, _transferred: Int64, _size: Int64, done: Int64, stream: number) =>
          called(stream, BigInt(done)),
        progressRoutine,
      );
      return { address: Number(routine), free: () => koffi.unregister(routine) };
    },
  };
  // The functions are on the prototype because V8 looks them up fastest there: an object filled in a loop becomes a dictionary.
  return Object.assign(Object.create(functions), native) as Native;
}

// Its callbacks run on the thread that has allocated the memory, so none runs once a worker thread has been terminated.
const unreferenced = new FinalizationRegistry<unknown>((memory) => koffi.free(memory));

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  const spare = bytes < PAGE ? 0 : PAGE;
  const memory: unknown = koffi.alloc('uint8_t', bytes + spare);
  try {
    const view = koffi.view(memory, bytes + spare);
    unreferenced.register(view, memory);
    const unaligned = Number(koffi.address(memory)) % PAGE;
    return new Uint8Array(view, spare === 0 ? 0 : spare - unaligned, bytes);
  } catch {
    // Electron has no buffers outside V8.
    koffi.free(memory);
    const own = new Uint8Array(bytes + spare);
    const start = spare === 0 ? 0 : spare - (Number(koffi.address(own)) % PAGE);
    return own.subarray(start, start + bytes);
  }
}

// Koffi allows 256 asynchronous calls at a time in the whole process.
function whenKoffiHasRoom(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('Too many asynchronous calls')) throw error;
    setTimeout(whenKoffiHasRoom, RETRY_MS, call);
  }
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
}
