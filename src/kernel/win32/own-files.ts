import { KernelFailure } from '../kernel.ts';
import type { CompletionPort } from './completion-port.ts';
import { endOfFileParameters, isHandle } from './files.ts';
import { Lane } from './lane.ts';
import { lastFailure } from './last-failure.ts';
import type { BlockingName, Native, NativeFunctions } from './native.ts';

type CreateParameters = Parameters<NativeFunctions['CreateFileW']>;

/** The files that this kernel opens itself. What may take long goes through one thread of libuv's pool, in its order. */
export class OwnFiles {
  readonly #native: Native;
  readonly #port: CompletionPort;
  readonly #open = new Set<bigint>();
  // Of each resize that waits or runs.
  readonly #resizing: bigint[] = [];
  readonly #lane = new Lane();

  constructor(native: Native, port: CompletionPort) {
    this.#native = native;
    this.#port = port;
  }

  has(handle: bigint): boolean {
    return this.#open.has(handle);
  }

  async open(parameters: CreateParameters): Promise<bigint> {
    return this.#adopt((await this.inBackground('CreateFileW', parameters, isHandle)) ?? 0n);
  }

  openSync(parameters: CreateParameters): bigint {
    const handle = this.#native.CreateFileW(...parameters);
    if (!isHandle(handle)) throw lastFailure(this.#native);
    return this.#adopt(handle);
  }

  async close(handle: bigint): Promise<void> {
    this.#open.delete(handle);
    await this.inBackground('CloseHandle', [handle], isTrue);
  }

  closeSync(handle: bigint): void {
    // Windows would give its number to the next file that is opened, and the resize would cut that one.
    if (this.#resizing.includes(handle)) {
      this.close(handle).catch(() => {});
      return;
    }
    this.#open.delete(handle);
    if (!isTrue(this.#native.CloseHandle(handle))) throw lastFailure(this.#native);
  }

  async setSize(handle: bigint, size: bigint): Promise<void> {
    this.#resizing.push(handle);
    try {
      await this.inBackground('SetFileInformationByHandle', endOfFileParameters(handle, size), isTrue);
    } finally {
      this.#resizing.splice(this.#resizing.indexOf(handle), 1);
    }
  }

  /** Calls a function that may block, after all that were called so before. */
  inBackground<Name extends BlockingName>(
    name: Name,
    parameters: Parameters<NativeFunctions[Name]>,
    isSuccess: (result: ReturnType<NativeFunctions[Name]>) => boolean,
  ): Promise<ReturnType<NativeFunctions[Name]>> {
    const native = this.#native;
    return new Promise((resolve, reject) => {
      this.#lane.add((finished) => {
        // SAFETY: the callback, which Koffi keeps until it has run, keeps the scope that holds the parameters and their memory.
        native.background(name, parameters, (result) => {
          const failure = isSuccess(result) ? undefined : new KernelFailure(native.GetLastError());
          finished();
          if (failure === undefined) resolve(result);
          else reject(failure);
        });
      }, reject);
    });
  }

  #adopt(handle: bigint): bigint {
    try {
      this.#port.adopt(handle);
    } catch (error) {
      this.#native.CloseHandle(handle);
      throw error;
    }
    this.#open.add(handle);
    return handle;
  }
}

/** Whether a BOOL says that the call succeeded. */
export function isTrue(result: number): boolean {
  return result !== 0;
}
