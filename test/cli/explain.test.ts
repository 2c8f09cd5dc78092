import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { odx, odxInTerminal, ptyOpener, underWine } from './odx-process.ts';

describe
  .skipIf(underWine)
  .concurrent('odx explain (skipped under Wine, where a process takes seconds to start)', () => {
    it.each([
      ['315', 'ERROR_INVALID_TOKEN  0x0000013B (315)', 'NTSTATUS    STATUS_INVALID_TOKEN (0xC0000465)'],
      [
        '0xC0000465',
        'STATUS_INVALID_TOKEN  0xC0000465 (3221226597)',
        'Win32       ERROR_INVALID_TOKEN (315)',
      ],
      [
        '-1073740699',
        'STATUS_INVALID_TOKEN  0xC0000465 (3221226597)',
        'Win32       ERROR_INVALID_TOKEN (315)',
      ],
      ['error_invalid_token', 'ERROR_INVALID_TOKEN  0x0000013B (315)', 'what to do  Read a fresh token'],
      ['STATUS_INVALID_TOKEN', 'STATUS_INVALID_TOKEN  0xC0000465 (3221226597)', 'meaning     '],
      ['0x98268', 'FSCTL_OFFLOAD_WRITE  0x00098268 (623208)', 'meaning     '],
      ['FSCTL_OFFLOAD_WRITE', 'FSCTL_OFFLOAD_WRITE  0x00098268 (623208)', 'what to do  '],
      ['99999', 'ERROR_99999  0x0001869F (99999)', 'net helpmsg 99999'],
    ])('explains %s', async (code, head, part) => {
      const { code: exitCode, stdout, stderr } = await odx(['explain', code]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout.split('\n')[0]).toBe(head);
      expect(stdout).toContain(part);
    });

    it('lists what else a Win32 error may stand for', async () => {
      expect((await odx(['explain', '5'])).stdout).toContain(
        '\nThe Win32 error 5 may also stand for:\n  STATUS_',
      );
    });

    it('prints an explanation as JSON', async () => {
      const { stdout } = await odx(['explain', '315', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({
        name: 'ERROR_INVALID_TOKEN',
        ntstatus: { name: 'STATUS_INVALID_TOKEN' },
      });
    });

    it('refuses an unknown name and suggests the nearest one', async () => {
      const { code, stdout, stderr } = await odx(['explain', 'ERROR_INVALID_TOKIN']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('did you mean ERROR_INVALID_TOKEN?');
    });

    it.each([[['invalid token']], [['invalid', 'token']], [['TOKEN', 'Invalid']]])(
      'searches names and meanings for %j',
      async (words) => {
        const { code, stdout, stderr } = await odx(['explain', ...words]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toMatch(
          /^STATUS_INVALID_TOKEN \(0xC0000465\), ERROR_INVALID_TOKEN \(315\)\n {2}The storage/m,
        );
        expect(stdout).toMatch(/\n\d+ match(es)?\n$/);
      },
    );

    it('finds control codes, which have no Win32 error', async () => {
      expect((await odx(['explain', 'lock', 'volume'])).stdout).toBe(
        [
          'FSCTL_LOCK_VOLUME (0x00090018)',
          '  Locks a volume, so that no other program can open files on it.',
          'FSCTL_UNLOCK_VOLUME (0x0009001C)',
          '  Unlocks a volume that was locked through the same handle.',
          '2 matches',
          '',
        ].join('\n'),
      );
      expect(JSON.parse((await odx(['explain', 'unlocks', '--json'])).stdout)).toEqual({
        matches: [
          {
            name: 'FSCTL_UNLOCK_VOLUME',
            value: 0x9_001c,
            meaning: 'Unlocks a volume that was locked through the same handle.',
            advice: expect.stringMatching(/\.$/),
          },
        ],
      });
    });

    it.skipIf(ptyOpener === undefined)(
      'wraps its lines on a terminal, except for an address (skipped where nothing opens a pseudo-terminal)',
      async () => {
        const session = odxInTerminal(['explain', '5'], '.');
        expect(await session.ended).toBe(0);
        const lines = stripVTControlCharacters(session.shown()).trimEnd().split(/\r?\n/);
        const [others] = [lines.slice(lines.indexOf('The Win32 error 5 may also stand for:') + 1)];
        expect(
          others.filter((line) => /^ {2}STATUS_\w+ \(0x[0-9A-F]{8}\): /.test(line)).length,
        ).toBeGreaterThan(1);
        expect(others.filter((line) => /^ {4}\w/.test(line)).length).toBeGreaterThan(0);
        for (const line of lines) if (!line.includes('https:')) expect(line.length).toBeLessThanOrEqual(80);
      },
    );

    it('prints the matches of a search as JSON', async () => {
      const { stdout } = await odx(['explain', 'valid data', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({
        matches: expect.arrayContaining([
          expect.objectContaining({
            name: 'STATUS_BEYOND_VDL',
            win32: { name: 'ERROR_BEYOND_VDL', value: 1289 },
          }),
        ]),
      });
    });

    it.each([
      [['nonsense'], "odx: Nothing is known about 'nonsense'.\nnext: Write a number such as 315"],
      [['!!!'], "odx: Nothing is known about '!!!'.\nnext: Write a number such as 315"],
      [['+0x123456789'], 'odx: CODE is +0x123456789; a code of Windows is a whole number from'],
      [['99999999999'], 'odx: CODE is 99999999999; a code of Windows is a whole number from -2147483648'],
    ])('refuses %j in the words of the command line', async (words, sentence) => {
      const { code, stdout, stderr } = await odx(['explain', ...words]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr.startsWith(sentence)).toBe(true);
    });
  });
