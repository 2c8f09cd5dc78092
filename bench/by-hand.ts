import koffi from 'koffi';
import * as z from 'zod';
import type { Requests } from './contenders.ts';
import type { Contender } from './measure.ts';

/** The same calls as one writes them after reading the manuals of Koffi and Zod: struct arguments and one schema each. */
export function byHand(
  library: string,
  handle: bigint,
  token: Uint8Array<ArrayBuffer>,
  { length, offsetOf }: Requests,
): Contender[] {
  const { offloadRead, offloadWrite } = bind(library);
  return [
    {
      name: 'read, by hand',
      run(times) {
        for (let i = 0; i < times; i++) offloadRead(handle, { copyLength: length, fileOffset: offsetOf(i) });
      },
    },
    {
      name: 'write, by hand',
      run(times) {
        for (let i = 0; i < times; i++) {
          offloadWrite(handle, { token, copyLength: length, fileOffset: offsetOf(i), transferOffset: 0 });
        }
      },
    },
  ];
}

function bind(library: string) {
  const kernel32 = koffi.load(library);
  const bytes = z.number().int().nonnegative().multipleOf(512);
  const readRequest = z.object({
    copyLength: bytes,
    fileOffset: bytes.default(0),
    tokenTimeToLive: z.number().int().nonnegative().default(0),
  });
  const writeRequest = z.object({
    token: z.instanceof(Uint8Array).refine((value) => value.length === 512),
    copyLength: bytes,
    fileOffset: bytes.default(0),
    transferOffset: bytes.default(0),
  });
  const readInput = koffi.struct({
    Size: 'uint32_t',
    Flags: 'uint32_t',
    TokenTimeToLive: 'uint32_t',
    Reserved: 'uint32_t',
    FileOffset: 'uint64_t',
    CopyLength: 'uint64_t',
  });
  const readOutput = koffi.struct({
    Size: 'uint32_t',
    Flags: 'uint32_t',
    TransferLength: 'uint64_t',
    Token: koffi.array('uint8_t', 512),
  });
  const writeInput = koffi.struct({
    Size: 'uint32_t',
    Flags: 'uint32_t',
    FileOffset: 'uint64_t',
    CopyLength: 'uint64_t',
    TransferOffset: 'uint64_t',
    Token: koffi.array('uint8_t', 512),
  });
  const writeOutput = koffi.struct({ Size: 'uint32_t', Flags: 'uint32_t', LengthWritten: 'uint64_t' });
  const deviceIoControl = (input: ReturnType<typeof koffi.struct>, output: ReturnType<typeof koffi.struct>) =>
    kernel32.func('DeviceIoControl', 'int32_t', [
      'void *',
      'uint32_t',
      koffi.pointer(input),
      'uint32_t',
      koffi.out(koffi.pointer(output)),
      'uint32_t',
      koffi.out(koffi.pointer('uint32_t')),
      'void *',
    ]);
  const controlRead = deviceIoControl(readInput, readOutput);
  const controlWrite = deviceIoControl(writeInput, writeOutput);

  return {
    offloadRead(handle: bigint, request: z.input<typeof readRequest>) {
      const { copyLength, fileOffset, tokenTimeToLive } = readRequest.parse(request);
      const input = {
        Size: 32,
        Flags: 0,
        TokenTimeToLive: tokenTimeToLive,
        Reserved: 0,
        FileOffset: fileOffset,
        CopyLength: copyLength,
      };
      const output = {} as { Flags: number; TransferLength: number | bigint; Token: Uint8Array };
      const returned = [0];
      if (controlRead(handle, 0x0009_4264, input, 32, output, 528, returned, null) === 0) throw FAILED;
      return { token: output.Token, transferLength: BigInt(output.TransferLength), flags: output.Flags };
    },
    offloadWrite(handle: bigint, request: z.input<typeof writeRequest>) {
      const { token, copyLength, fileOffset, transferOffset } = writeRequest.parse(request);
      const input = {
        Size: 544,
        Flags: 0,
        FileOffset: fileOffset,
        CopyLength: copyLength,
        TransferOffset: transferOffset,
        Token: token,
      };
      const output = {} as { Flags: number; LengthWritten: number | bigint };
      const returned = [0];
      if (controlWrite(handle, 0x0009_8268, input, 544, output, 16, returned, null) === 0) throw FAILED;
      return { lengthWritten: BigInt(output.LengthWritten), flags: output.Flags };
    },
  };
}

const FAILED = new Error('A call by hand failed.');
