// A checked call beside the bare one against the driver, in Windows Node: test/wine/node.sh bench/.build/bench/wine.js
import koffi from 'koffi';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { interleave, median, ratio } from './measure.ts';
import { table } from './report.ts';

const LENGTH = 4096;
const READ = 0x0009_4264;
const GENERIC_READ_WRITE = 0xc000_0000;
const SHARE_ALL = 7;
const OPEN_EXISTING = 3;

const kernel32 = koffi.load('kernel32.dll');
const createFile = kernel32.func(
  'void *CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, void *template)',
);
const control = kernel32.func(
  'int32_t DeviceIoControl(void *file, uint32_t code, void *input, uint32_t inputLength, void *output, uint32_t outputLength, void *returned, void *overlapped)',
);
const handle = createFile(
  '\\\\.\\OdxDisk0',
  GENERIC_READ_WRITE,
  SHARE_ALL,
  null,
  OPEN_EXISTING,
  0,
  null,
) as bigint;

const odx = createOdx({ kernel: loadKernel32() });
const input = Buffer.alloc(32);
input.writeUInt32LE(32, 0);
input.writeUInt32LE(LENGTH, 24);
const output = Buffer.alloc(528);
const returned = Buffer.alloc(8);

const rounds = interleave(
  [
    {
      name: 'read, bare call',
      run(times) {
        for (let i = 0; i < times; i++) {
          if (control(handle, READ, input, 32, output, 528, returned, null) === 0)
            throw new Error('Refused.');
        }
      },
    },
    {
      name: 'read, checked',
      run(times) {
        for (let i = 0; i < times; i++) odx.offloadReadSync(handle, { copyLength: LENGTH });
      },
    },
  ],
  { rounds: 40, batchMs: 50, warmUpMs: 500 },
);

console.log(
  table([
    {
      title: 'Against the driver, under Wine',
      figures: [
        ...[...rounds].map(([name, of]) => ({ name, value: median(of), unit: 'ns' as const })),
        {
          name: 'read, checked / bare call',
          value: ratio(rounds, 'read, checked', 'read, bare call'),
          unit: 'times',
        },
      ],
    },
  ]),
);
