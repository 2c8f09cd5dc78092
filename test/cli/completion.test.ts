import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { temporaryFolder } from './files.ts';
import { odx, underWine } from './odx-process.ts';

const folder = temporaryFolder();
const bash = process.platform === 'win32' ? undefined : spawnSync('bash', ['--version']).status;

afterAll(folder.remove);

describe.skipIf(underWine)('odx completion (skipped under Wine)', () => {
  it.each(['powershell', 'bash', 'zsh', 'fish'])(
    'prints a script for %s with every command and every option',
    async (shell) => {
      const { code, stdout, stderr } = await odx(['completion', shell]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const { name, options } of commands) {
        expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
        for (const option of Object.keys(options)) {
          expect(stdout).toContain(shell === 'fish' ? `-l ${option} ` : `--${option}`);
        }
      }
      expect(stdout).toContain('FSCTL_OFFLOAD_WRITE_INPUT');
      expect(stdout).toContain('ERROR_INVALID_TOKEN');
    },
  );

  it('refuses an unknown shell and names the shells that it knows', async () => {
    const { code, stdout, stderr } = await odx(['completion', 'tcsh']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^odx: SHELL is 'tcsh'; it must be powershell, bash, zsh or fish\.\nnext: /);
  });

  it.skipIf(bash !== 0).each([
    [['co'], ['copy', 'completion']],
    [['--json', 'prob'], ['probe']],
    [['copy', '--ver'], ['--verify']],
    [['copy', 'bi'], ['big file.vhdx']],
    [
      ['copy', '--progress', ''],
      ['json', 'none'],
    ],
    [['copy', '--chunk', ''], []],
    [['read', '--out', 'bi'], ['big file.vhdx']],
    [['layout', 'FSCTL_OFFLOAD_WRITE_I'], ['FSCTL_OFFLOAD_WRITE_INPUT']],
    [['explain', 'ERROR_INVALID_T'], ['ERROR_INVALID_TOKEN']],
    [['completion', 'p'], ['powershell']],
    [['help', 'lay'], ['layout']],
  ])('completes %j in bash (skipped without bash)', async (words, expected) => {
    writeFileSync(join(folder.path, 'big file.vhdx'), '');
    const { stdout: script } = await odx(['completion', 'bash']);
    const call = [
      `COMP_WORDS=(odx ${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length}`,
      `_odx odx '${words.at(-1)}' '${words.at(-2) ?? 'odx'}'`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of bash.
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${call.join('\n')}`], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .sort(),
    ).toEqual([...expected].sort());
  });
});
