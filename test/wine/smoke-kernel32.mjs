// The little of kernel32 that the driver's self-test needs, bound apart from the library under test.
import koffi from 'koffi';

const kernel32 = koffi.load('kernel32.dll');
const bind = (name, result, ...parameters) => kernel32.func(name, result, parameters);

const CreateFileW = bind(
  'CreateFileW',
  'intptr_t',
  'str16',
  ...Array(2).fill('uint32_t'),
  'void *',
  'uint32_t',
  'uint32_t',
  'void *',
);
const DeviceIoControl = bind(
  'DeviceIoControl',
  'int32_t',
  'intptr_t',
  'uint32_t',
  'void *',
  'uint32_t',
  'void *',
  'uint32_t',
  'void *',
  'void *',
);
const ReadFile = bind('ReadFile', 'int32_t', 'intptr_t', 'void *', 'uint32_t', 'void *', 'void *');
const WriteFile = bind('WriteFile', 'int32_t', 'intptr_t', 'void *', 'uint32_t', 'void *', 'void *');
const GetLastError = bind('GetLastError', 'uint32_t');
const CreateEventW = bind('CreateEventW', 'intptr_t', 'void *', 'int32_t', 'int32_t', 'void *');
const WaitForSingleObject = bind('WaitForSingleObject', 'uint32_t', 'intptr_t', 'uint32_t');
const CancelIoEx = bind('CancelIoEx', 'int32_t', 'intptr_t', 'void *');
export const CloseHandle = bind('CloseHandle', 'int32_t', 'intptr_t');

export const READ = 0x8000_0000;
export const WRITE = 0x4000_0000;
const OVERLAPPED = 0x4000_0000;
const IO_PENDING = 997;

export function open(path, access = READ + WRITE, overlapped = false) {
  const handle = CreateFileW(path, access, 7, null, 3, overlapped ? OVERLAPPED : 0, null);
  if (BigInt(handle) === -1n) throw new Error(`${path}: ${GetLastError()}`);
  return handle;
}

/** { error, output } of a synchronous call; output is cut to the bytes returned. */
export function control(handle, code, input, room) {
  const output = Buffer.alloc(room);
  const returned = Buffer.alloc(4);
  const ok = DeviceIoControl(handle, code, input, input.length, output, room, returned, null);
  return { error: ok ? 0 : GetLastError(), output: output.subarray(0, returned.readUInt32LE(0)) };
}

/** Where a synchronous transfer begins is given by an OVERLAPPED without event. */
function at(offset) {
  const overlapped = Buffer.alloc(32);
  overlapped.writeBigUInt64LE(BigInt(offset), 16);
  return overlapped;
}

export function read(handle, offset, length) {
  const output = Buffer.alloc(length);
  const returned = Buffer.alloc(4);
  const ok = ReadFile(handle, output, length, returned, at(offset));
  return { error: ok ? 0 : GetLastError(), output: output.subarray(0, returned.readUInt32LE(0)) };
}

export function write(handle, offset, bytes) {
  const ok = WriteFile(handle, bytes, bytes.length, Buffer.alloc(4), at(offset));
  return ok ? 0 : GetLastError();
}

/** A call on an overlapped handle. */
export function start(handle, code, input, room) {
  const overlapped = Buffer.alloc(32);
  const event = CreateEventW(null, 1, 0, null);
  overlapped.writeBigInt64LE(BigInt(event), 24);
  const output = Buffer.alloc(room);
  const ok = DeviceIoControl(handle, code, input, input.length, output, room, null, overlapped);
  const error = ok ? 0 : GetLastError();
  return {
    pending: error === IO_PENDING,
    cancel: () => CancelIoEx(handle, overlapped),
    done: () => WaitForSingleObject(event, 0) === 0,
    /** Waits for the end and gives NTSTATUS and output. */
    finish() {
      WaitForSingleObject(event, 20_000);
      CloseHandle(event);
      const length = Number(overlapped.readBigUInt64LE(8));
      return { status: overlapped.readUInt32LE(0), output: output.subarray(0, length), input };
    },
  };
}
