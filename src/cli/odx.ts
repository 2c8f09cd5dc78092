#!/usr/bin/env node
import { FAILED } from './errors.ts';
import { main } from './main.ts';

// A reader that goes away, as `head` does, is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.exitCode = FAILED;
    if (stream === process.stdout)
      process.stderr.write(`odx: what was to be printed could not be written (${error.message}).\n`);
  });
}

const exitCode = await main(process.argv.slice(2));
process.exitCode ||= exitCode;
