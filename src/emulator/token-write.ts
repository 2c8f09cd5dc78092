import { KernelFailure } from '../kernel/kernel.ts';
import { copyStretch, zeroStretch } from './copying.ts';
import { type Extent, Walk } from './extents.ts';
import type { Claim } from './host-file.ts';
import type { OpenFile } from './open-files.ts';
import { failure, refuse } from './refusal.ts';
import { checkToken, openSource, type Source } from './source.ts';
import type { Sight, Storage } from './storage.ts';
import { isZeroToken, type Token } from './tokens.ts';
import type { Work } from './work.ts';

/** What an array made of a token: how many bytes are certain, and what stopped it there. */
export interface Moved {
  readonly length: number;
  readonly stopped?: KernelFailure;
}

/** Finds a token by its bytes; undefined stands for zeros. */
export function findToken(storage: Storage, bytes: Uint8Array): Token | undefined {
  return isZeroToken(bytes) ? undefined : (storage.tokens.find(bytes) ?? refuse('INVALID_TOKEN'));
}

/** Writes what a token stands for, from `tokenOffset` on, to stretches of a file, one after the other. */
export function writeToken(
  storage: Storage,
  open: OpenFile,
  sight: Sight,
  token: Token | undefined,
  tokenOffset: number,
  extents: readonly Extent[],
): Work<Moved> {
  return storage.copying.take(function* () {
    if (token === undefined) {
      return yield* storage.change(open, sight, extents, () =>
        eachExtent(extents, ({ offset, length }) => zeroStretch(sight, offset, length)),
      );
    }
    const source = openSource(storage, token);
    try {
      checkToken(storage, token, source.fd);
      return yield* storage.change(open, sight, extents, (killed) =>
        copyExtents(storage, token, tokenOffset, source, sight, extents, killed),
      );
    } finally {
      source.close();
    }
  });
}

function copyExtents(
  storage: Storage,
  token: Token,
  tokenOffset: number,
  source: Source,
  target: Sight,
  extents: readonly Extent[],
  killed: ReadonlySet<Claim>,
): Work<Moved> {
  const walk = new Walk(token.extents, tokenOffset);
  return eachExtent(extents, function* ({ offset, length }) {
    let to = offset;
    for (const stretch of walk.take(length)) {
      yield* copyStretch(source, stretch.offset, target, to, stretch.length);
      to += stretch.length;
    }
    // A source that changed meanwhile may have given half of the old and half of the new.
    checkToken(storage, token, source.fd, killed);
  });
}

function* eachExtent(extents: readonly Extent[], move: (extent: Extent) => Work<void>): Work<Moved> {
  let moved = 0;
  for (const extent of extents) {
    try {
      yield* move(extent);
    } catch (error) {
      const partial = moved > 0 && error instanceof KernelFailure && error.ntstatus !== CANCELLED;
      if (!partial) throw error;
      return { length: moved, stopped: error };
    }
    moved += extent.length;
  }
  return { length: moved };
}

const CANCELLED = failure('CANCELLED').ntstatus;
