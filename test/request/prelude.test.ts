import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../kit.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('prelude.mjs', import.meta.url));

const REQUEST_KEYS = 'copyLength:fileOffset:sectorSize:endOfFile:tokenTimeToLive:transferOffset:ranges:token';
// Node.js 24 cannot load its own node:crypto with this one.
const VERIFY = process.version.startsWith('v24.') ? '' : 'verify:';
const OPTION_KEYS = `overwrite:${VERIFY}minimumSize:chunkSize:onProgress:concurrency:stopOnError:destination`;
const KERNEL_KEYS = 'kernel:kernel32:ntdll:supported:latency:intercept:dsm:status:truncate:delay:files';
const COMMON_KEYS =
  'size:type:code:name:message:cause:then:constructor:toJSON:length:enumerable:configurable';

// Node.js itself fails with `handle`, `mode`, `path`, `signal`, `value` and `writable`, and Koffi with any enumerable key.
const CHANGES: [what: string, change: string, flags?: readonly string[]][] = [
  ['nothing has changed', 'none'],
  ['Node.js has frozen its intrinsics', 'none', ['--frozen-intrinsics', '--no-warnings']],
  ['all globals and their prototypes are frozen', 'freeze'],
  ['Object.prototype has the keys of every request', `plain:${REQUEST_KEYS}`],
  ['Object.prototype has the keys of all options', `plain:${OPTION_KEYS}`],
  ['Object.prototype has the keys of a kernel', `plain:${KERNEL_KEYS}`],
  ['Object.prototype has common keys', `plain:${COMMON_KEYS}`],
  ['Object.prototype has methods with the names of options', `function:${OPTION_KEYS}:${KERNEL_KEYS}`],
];

// Under Wine, child processes of Windows Node.js have no pipes.
describe.skipIf(process.platform === 'win32')(
  'The package sends the same bytes and refuses the same requests',
  () => {
    async function outputOf(change: string, flags: readonly string[] = []): Promise<unknown> {
      const { stdout } = await run(
        process.execPath,
        [...flags, PROGRAM, change, temporaryFolder().path('prelude')],
        {
          timeout: 60_000,
        },
      );
      return JSON.parse(stdout);
    }

    test.each(CHANGES)('when %s before it is imported', { timeout: 120_000 }, async (_, change, flags) => {
      expect(await outputOf(change, flags)).toEqual({
        inputs: [
          [0x9_4264, `20000000${'0'.repeat(40)}0010000000000000`],
          [0x9_8268, `2002000000000000${'0020000000000000'}0010000000000000${'0'.repeat(16)}`],
          [0x2d_9404, '1c00000003000080000000001c0000001000000030000000100000000'.padEnd(64, '0')],
          [0x9_8268, `2002000000000000${'0'.repeat(16)}0002000000000000${'0'.repeat(16)}`],
        ],
        refusals: Array.from({ length: 4 }, () => 'ERR_ODX_INVALID_ARGUMENT'),
        isSame: true,
        offloaded: 400_000,
        verdict: 'offloads',
        name: 'ERROR_INVALID_TOKEN',
      });
    });
  },
);
