import { type Command, defineCommand } from '../command.ts';
import { explainInterruption, RequestError } from '../errors.ts';
import { byteCount, formatCount, formatExactSize, parseSize } from '../quantities.ts';

export const zero: Command = defineCommand({
  name: 'zero',
  operands: 'FILE OFFSET LENGTH',
  count: [3, 3],
  summary: 'let the storage fill a range with zeros',
  usesKernel: true,
  completion: 'paths',
  notes: [
    'The range must lie within the file. OFFSET and LENGTH are multiples of the sector, except that the range may end ' +
      'where the file ends. The data of the range is lost.',
  ],
  fieldNames: { path: 'FILE', fileOffset: 'OFFSET', length: 'LENGTH' },
  negativeNumbers: true,
  options: {},
  examples: [
    { line: 'zero disk1.img 0 1MiB', does: 'clear the first mebibyte' },
    { line: 'zero disk1.img 0x10000 64K --json', does: 'clear 64 KiB from offset 65,536' },
  ],
  async run([path = '', offset = '', size = ''], _values, { kernels, interruptible }) {
    const fileOffset = parseSize('OFFSET', offset);
    const length = parseSize('LENGTH', size);
    const { odx } = await kernels.load();
    const signal = interruptible();
    const file = await odx.openFile(path, 'r+');
    try {
      const end = fileOffset + length;
      // The storage would fail only after it has cleared the sectors within the file.
      if (end > file.size) {
        throw new RequestError(
          `The range ends at ${formatCount(end)}, but ${path} ends at ${formatCount(file.size)}.`,
        );
      }
      const result = await odx.zeroRange(file, {
        fileOffset: byteCount(fileOffset),
        length: byteCount(length),
        signal,
      });
      return {
        data: { path, fileOffset, ...result },
        text: `${path}: ${formatExactSize(result.lengthWritten)} from offset ${formatCount(fileOffset)} are now zeros`,
      };
    } catch (error) {
      throw explainInterruption(
        error,
        'Part of the range may be cleared already; run the same command again.',
      );
    } finally {
      await file.close();
    }
  },
});
