// Runs the test suite in Windows Node under Wine. On Windows this is not needed: `vitest run` uses the real kernel there.
import { spawnSync } from 'node:child_process';

if (process.platform === 'win32') {
  console.log('Skipped: Wine is not needed on Windows, where the test suite uses the real kernel.');
} else {
  const { status } = spawnSync('bash', ['test/wine/run.sh', ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
