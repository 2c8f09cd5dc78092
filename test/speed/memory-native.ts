import { type FileKernel, filesOf, type Kernel } from '../../src/kernel/kernel.ts';
import type { Address, Native } from '../../src/kernel/win32/native.ts';
import { win32Kernel } from '../../src/kernel/win32/win32-kernel.ts';
import { FSCTL_OFFLOAD_READ, OVERLAPPED, OVERLAPPED_ENTRY } from '../../structs/index.ts';

const PAGE = 0x1_0000;
const EVENT = 0x500n;
const PORT = 0x600n;
const ERROR_IO_PENDING = 997;
const WAIT_TIMEOUT = 258;

/** A handle that belongs to nobody's completion port, and one that the kernel opened itself. */
export const BORROWED = 0x7000n;

/** One DeviceIoControl as Windows would have got it. */
export interface Seen {
  readonly input: Uint8Array<ArrayBuffer>;
  readonly inputAt: Address;
  readonly event: bigint;
}

/** The kernel of kernel32, above functions that work on JavaScript's memory and keep what they were given. */
export function memoryKernel(): {
  kernel: Kernel;
  files: FileKernel;
  seen: Seen[];
  poison: () => void;
} {
  const pages: Uint8Array[] = [];
  const pending: Address[] = [];
  const seen: Seen[] = [];
  let serial = 0;
  let lastError = 0;

  const viewAt = (address: Address, length: number): DataView => {
    const page = pages[Math.floor(address / PAGE) - 1];
    if (page === undefined) throw new RangeError('No memory has this address.');
    return new DataView(page.buffer, page.byteOffset + (address % PAGE), length);
  };

  const functions: Partial<Native> = {
    allocate: (bytes) => new Uint8Array(bytes),
    addressOf(buffer) {
      pages.push(buffer);
      return pages.length * PAGE;
    },
    DeviceIoControl(_handle, code, input, inputLength, output, _room, returned, overlapped) {
      const isRead = code === FSCTL_OFFLOAD_READ;
      const given = viewAt(input, inputLength);
      const head = viewAt(overlapped, OVERLAPPED.size);
      const event = head.getBigUint64(OVERLAPPED.offsetOf.hEvent, true);
      const inputBytes = new Uint8Array(given.buffer, given.byteOffset, inputLength).slice();
      seen.push({ input: inputBytes, inputAt: input, event });
      const length = isRead ? 528 : 16;
      const reply = viewAt(output, length);
      reply.setUint32(0, length, true);
      reply.setBigUint64(8, given.getBigUint64(isRead ? 24 : 16, true), true);
      if (isRead) new Uint8Array(reply.buffer, reply.byteOffset + 16, 512).fill(++serial);
      head.setBigUint64(OVERLAPPED.offsetOf.Internal, 0n, true);
      head.setBigUint64(OVERLAPPED.offsetOf.InternalHigh, BigInt(length), true);
      viewAt(returned, 4).setUint32(0, length, true);
      if (event !== 0n) return 1;
      pending.push(overlapped);
      lastError = ERROR_IO_PENDING;
      return 0;
    },
    background(name, parameters, done) {
      const call = functions[name];
      if (call !== undefined) {
        setImmediate(() => done(Reflect.apply(call, functions, parameters)));
        return;
      }
      if (name !== 'GetQueuedCompletionStatusEx') throw new Error(`${name} is not played here.`);
      const [, entries, , removed] = parameters as unknown as [bigint, Uint8Array, number, Uint8Array];
      setImmediate(() => {
        const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
        const completed = pending.splice(0, 8);
        for (const [at, address] of completed.entries()) {
          view.setBigUint64(
            at * OVERLAPPED_ENTRY.size + OVERLAPPED_ENTRY.offsetOf.lpOverlapped,
            BigInt(address),
            true,
          );
        }
        new DataView(removed.buffer).setUint32(0, completed.length, true);
        lastError = WAIT_TIMEOUT;
        done(Math.sign(completed.length) as never);
      });
    },
    GetLastError: () => lastError,
    CreateEventW: () => EVENT,
    CreateFileW: () => 0x8000n,
    CreateIoCompletionPort: () => PORT,
    CloseHandle: () => 1,
    CancelIoEx: () => 1,
    PostQueuedCompletionStatus: () => 1,
    RtlGetLastNtStatus: () => 0,
    RtlNtStatusToDosErrorNoTeb: () => 0,
  };
  // A function that is missing here fails the test that needs it.
  const kernel = win32Kernel(functions as Native);
  return {
    kernel,
    files: filesOf(kernel),
    seen,
    poison: () => pages.forEach((page) => void page.fill(0xee)),
  };
}
