import { controlCodeName, STATUS_PENDING } from '../../structs/index.ts';
import { KernelFailure } from '../kernel/kernel.ts';
import { failure } from './refusal.ts';

/** A control code that reached the emulator. */
export interface EmulatedCall {
  /** Number of control codes that came before this one. */
  readonly index: number;
  /** The control code, e.g. 0x94264. */
  readonly code: number;
  /** Its name, e.g. `FSCTL_OFFLOAD_READ`; the hexadecimal number where it has none. */
  readonly name: string;
  /** The bytes that Windows would have received. */
  readonly input: Uint8Array;
  /** The NTSTATUS of the finished call: 0 for success. 0x103 (STATUS_PENDING) while it runs. */
  readonly status: number;
  /** Bytes of output; 0 for a call that failed. */
  readonly bytesReturned: number;
}

type Entry = { -readonly [Key in keyof EmulatedCall]: EmulatedCall[Key] };

const UNSUCCESSFUL = failure('UNSUCCESSFUL').ntstatus ?? 1;

/** The calls that users make assertions on. They may empty the array at any time; the numbering goes on. */
export class CallLog {
  readonly calls: EmulatedCall[] = [];
  #next = 0;

  begin(code: number, input: Uint8Array): Entry {
    const entry: Entry = {
      index: this.#next++,
      code,
      name: controlCodeName(code),
      input,
      status: STATUS_PENDING,
      bytesReturned: 0,
    };
    this.calls.push(entry);
    return entry;
  }

  succeed(entry: Entry, bytesReturned: number): void {
    entry.status = 0;
    entry.bytesReturned = bytesReturned;
  }

  fail(entry: Entry, error: unknown): void {
    entry.status = (error instanceof KernelFailure ? error.ntstatus : undefined) ?? UNSUCCESSFUL;
  }
}
