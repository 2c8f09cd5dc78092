import { pathOfDescriptor } from './borrowed.ts';
import { totalOf } from './extents.ts';
import type { OpenFile } from './open-files.ts';
import type { Storage } from './storage.ts';
import type { Extent, Token } from './tokens.ts';
import type { Work } from './work.ts';

/** Makes a token for stretches of a file, one after the other. `timeToLive` in milliseconds; 0 leaves it to the array. */
export function* makeToken(
  storage: Storage,
  source: OpenFile,
  extents: readonly Extent[],
  timeToLive: number,
): Work<Token> {
  const { file, fd } = yield* storage.settle(source);
  const { tokenLifetime } = storage.settings;
  const lifetime = timeToLive === 0 ? tokenLifetime : Math.min(timeToLive, tokenLifetime);
  const path = source.path ?? pathOfDescriptor(fd);
  return storage.tokens.issue({ file, source, path, extents, length: totalOf(extents) }, lifetime);
}
