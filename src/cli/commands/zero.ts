import { type Command, defineCommand } from '../command.ts';
import { unlessInterrupted } from '../errors.ts';
import { formatCount, formatExactSize } from '../format.ts';
import { parseSize, plain } from '../size.ts';
import { RequestError } from '../usage-error.ts';

export const zero: Command = defineCommand({
  name: 'zero',
  operands: 'FILE OFFSET LENGTH',
  count: [3, 3],
  summary: 'have the storage fill a range of a file with zeros',
  notes: [
    'The range must lie within the file; OFFSET and LENGTH are multiples of the sector, except that the range may end ' +
      'where the file ends. What was there is gone.',
  ],
  spelling: { path: 'FILE', fileOffset: 'OFFSET', length: 'LENGTH' },
  negative: true,
  options: {},
  examples: [
    { line: 'zero disk1.img 0 1MiB', does: 'clear the first mebibyte' },
    { line: 'zero disk1.img 0x10000 64K --json', does: 'clear 64 KiB from offset 65,536' },
  ],
  async run([path = '', offset = '', size = ''], _values, { kernels, interruptible }) {
    const fileOffset = parseSize('OFFSET', offset);
    const length = parseSize('LENGTH', size);
    const { odx } = await kernels.bind();
    const signal = interruptible();
    const file = await odx.openFile(path, 'r+');
    try {
      const end = fileOffset + length;
      // The storage would learn of it only after it has cleared the sectors that are there.
      if (end > file.size) {
        throw new RequestError(
          `The range ends at ${formatCount(end)}, but ${path} ends at ${formatCount(file.size)}.`,
        );
      }
      const result = await odx.zeroRange(file, {
        fileOffset: plain(fileOffset),
        length: plain(length),
        signal,
      });
      return {
        data: { path, fileOffset, ...result },
        text: `${path}: ${formatExactSize(result.lengthWritten)} from offset ${formatCount(fileOffset)} are zeros now`,
      };
    } catch (error) {
      throw unlessInterrupted(error, 'Part of the range may be zeros already; run the same command again.');
    } finally {
      await file.close();
    }
  },
});
