import { pathOfDescriptor } from './borrowed.ts';
import { type Extent, totalOf } from './extents.ts';
import type { OpenFile } from './open-files.ts';
import type { Sight, Storage } from './storage.ts';
import type { Token } from './tokens.ts';

/**
 * Makes a token for stretches of a file, one after the other. The file must have settled before, and been looked at
 * since: what is not seen then must not be taken for what the token stands for.
 *
 * @param timeToLive milliseconds; 0 leaves it to the array.
 */
export function makeToken(
  storage: Storage,
  source: OpenFile,
  { file, fd }: Sight,
  extents: readonly Extent[],
  timeToLive: number,
): Token {
  const { tokenLifetime } = storage.settings;
  const lifetime = timeToLive === 0 ? tokenLifetime : Math.min(timeToLive, tokenLifetime);
  const path = source.path ?? pathOfDescriptor(fd);
  return storage.tokens.issue({ file, source, path, extents, length: totalOf(extents) }, lifetime);
}
