// The suite in Windows Node under Wine, where Wine can be had; Windows itself needs no stand-in.
import { spawnSync } from 'node:child_process';

if (process.platform === 'win32') {
  console.log('Wine is not needed here: the suite runs on Windows itself.');
} else {
  const { status } = spawnSync('bash', ['test/wine/run.sh', ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
