// Carries tokens from one process to another: one reads a file as tokens, the other writes them to a new file.
//
//   node examples/carry-token.mjs read  source.vhdx tokens.json   in one terminal; ends when the other one has
//   node examples/carry-token.mjs write tokens.json copy.vhdx     in another terminal
//
// A token is as good as the data behind it. Its file is created for its owner alone (0600) and removed after use; Windows
// does not know that mode, so choose a folder that only you can read. If a token is refused, the second process copies
// the file itself. The emulator, which is used off Windows, keeps its tokens in memory: there the second process is
// always refused, and copies.
import { existsSync, rmSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as windows from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

const { createOdx, isSupported, OdxError, OffloadToken } = windows;
const { copyFile, offloadRead, offloadWrite, openFile } = isSupported
  ? windows
  : createOdx({ kernel: createEmulator() });
if (!isSupported) console.error('Not Windows: using the emulator.');

const [role, from, to] = process.argv.slice(2);
if (from === undefined || to === undefined || (role !== 'read' && role !== 'write')) {
  console.error('Usage: node carry-token.mjs read SOURCE TOKENS | write TOKENS DESTINATION');
  process.exit(2);
}

try {
  if (role === 'read') await readTokens(from, to);
  else await writeTokens(from, to);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}

async function readTokens(path, tokenFile) {
  const source = await openFile(path, 'r');
  try {
    const extents = [];
    // One token may cover less than the rest of the file.
    for (let offset = 0n; offset < source.size; ) {
      const { token, transferLength } = await offloadRead(source, {
        fileOffset: offset,
        copyLength: source.size - offset,
      });
      extents.push({ token: token.toBase64(), offset: `${offset}`, length: `${transferLength}` });
      offset += transferLength;
    }
    const carried = { path: resolve(path), size: `${source.size}`, extents };
    // 'wx' refuses a file that exists.
    await writeFile(tokenFile, JSON.stringify(carried), { mode: 0o600, flag: 'wx' });
    process.once('SIGINT', () => rmSync(tokenFile, { force: true }));
    console.log(`${extents.length} tokens for ${source.size} bytes are in ${tokenFile}.`);
    // The source stays open until the other process is done: some servers discard the tokens of a closed file.
    while (existsSync(tokenFile)) await setTimeout(100);
  } finally {
    await source.close();
  }
}

async function writeTokens(tokenFile, destination) {
  const { path, size, extents } = JSON.parse(await readFile(tokenFile, 'utf8'));
  try {
    try {
      await redeem(extents, destination, BigInt(size));
      console.log(`${size} bytes were copied with ${extents.length} tokens of another process.`);
    } catch (error) {
      if (!(error instanceof OdxError) || error.code === 'ERROR_FILE_EXISTS') throw error;
      console.error(`The tokens could not be used: ${error.message}`);
      const { bytes } = await copyFile(path, destination, { overwrite: false });
      console.log(`${bytes} bytes were copied without them.`);
    }
  } finally {
    await rm(tokenFile);
  }
}

/** Writes all tokens to a new file, or to a device. A file that cannot be completed is removed. */
async function redeem(extents, destination, size) {
  const isDevice = destination.startsWith('\\\\.\\');
  const file = isDevice ? await openFile(destination, 'r+') : await openFile(destination, 'wx', { size });
  try {
    for (const extent of extents) {
      const token = OffloadToken.from(extent.token);
      const [offset, length] = [BigInt(extent.offset), BigInt(extent.length)];
      for (let done = 0n; done < length; ) {
        const { lengthWritten } = await offloadWrite(file, {
          token,
          transferOffset: done,
          fileOffset: offset + done,
          copyLength: length - done,
        });
        done += lengthWritten;
      }
    }
  } catch (error) {
    await file.close();
    if (!isDevice) await rm(destination);
    throw error;
  }
  await file.close();
}
