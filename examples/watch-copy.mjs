// Copies a file and prints every control code that is sent for it, with its duration, as it ends.
//
//   node examples/watch-copy.mjs source.vhdx copy.vhdx
//
// The copy may not exist yet. Any program that uses win-odx can be watched in this way, from anywhere in its process.
// Off Windows this uses the emulator, which works on real files.
import { tracingChannel } from 'node:diagnostics_channel';
import * as windows from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

const { createOdx, explainStatus, isSupported } = windows;
const { copyFile } = isSupported ? windows : createOdx({ kernel: createEmulator() });
if (!isSupported) console.error('Not Windows: using the emulator.');

const [source, destination] = process.argv.slice(2);
if (source === undefined || destination === undefined) {
  console.error('Usage: node watch-copy.mjs SOURCE DESTINATION');
  process.exit(2);
}

const startedAt = new WeakMap();
const seen = { calls: 0, read: 0n, written: 0n };
const channel = tracingChannel('win-odx:control');
channel.start.subscribe((call) => startedAt.set(/** @type {object} */ (call), performance.now()));
channel.asyncEnd.subscribe(report);

/** @param {windows.ControlCall} call */
function report(call) {
  const duration = (performance.now() - startedAt.get(call)).toFixed(1);
  const status = call.status === undefined ? 'no status' : explainStatus(call.status).name;
  const range = call.length === undefined ? '' : ` ${call.length} bytes at ${call.offset}`;
  const done = call.transferred === undefined ? '' : `, ${call.transferred} done`;
  console.log(`${call.name}${range}: ${status}${done}, ${duration} ms`);

  seen.calls++;
  if (call.name === 'FSCTL_OFFLOAD_READ') seen.read += call.transferred ?? 0n;
  if (call.name === 'FSCTL_OFFLOAD_WRITE') seen.written += call.transferred ?? 0n;
}

try {
  const { bytes, fallback } = await copyFile(source, destination, { overwrite: false, minimumSize: 0 });
  const { calls, read, written } = seen;
  console.log(`${bytes} bytes copied with ${calls} control codes.`);
  console.log(`Tokens represent ${read} bytes, and ${written} were written from them.`);
  if (fallback) console.log(`Not offloaded from ${fallback.at} on: ${fallback.reason.message}`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
