// A program that bundlers bundle: a checked call and a refused one, on the emulator.
import { writeFileSync } from 'node:fs';
import { createOdx, explainStatus, InvalidArgumentError } from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

async function main() {
  const [, , path] = process.argv;
  writeFileSync(path, new Uint8Array(4096).fill(7));
  const odx = createOdx({ kernel: createEmulator() });
  const file = await odx.openFile(path, 'r+');
  const { token, transferLength } = await odx.offloadRead(file, { copyLength: 1024 });
  const { lengthWritten } = await odx.offloadWrite(file, {
    token,
    copyLength: transferLength,
    fileOffset: 1024,
  });
  const refused = await odx.offloadRead(file, { copyLength: 1000 }).catch((error) => error);
  await file.close();
  console.log(
    JSON.stringify({
      lengthWritten: Number(lengthWritten),
      refused: refused instanceof InvalidArgumentError,
      message: refused.message,
      explained: explainStatus(315).name,
    }),
  );
}

main();
