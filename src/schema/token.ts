import type * as z from 'zod';
import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from '../../structs/index.ts';
import { isToken, type OffloadToken } from '../token.ts';
import { copyOf, isOwnBytes, kindSentence, lengthSentence } from '../token-bytes.ts';
import { once } from './once.ts';
import { zod } from './zod.ts';

/** A copy of the caller's bytes, to be checked then, so that nobody can change them in between; else the value itself. */
export function ownToken(value: unknown): unknown {
  return isToken(value) ? value : ownBytes(value);
}

function ownBytes(value: unknown): unknown {
  return isOwnBytes(value) ? copyOf(value) : value;
}

/** A token of ours, or 512 bytes that are copied first and checked then. */
export const token: () => z.ZodCustom<OffloadToken | Uint8Array, OffloadToken | Uint8Array> = once(() =>
  zod()
    .custom<OffloadToken | Uint8Array>((value) => isToken(value) || isOwnBytes(value), {
      error: ({ input }) => kindSentence(input),
      abort: true,
    })
    .overwrite((value) => (isToken(value) ? value : copyOf(value)))
    .refine((value) => isToken(value) || value.length === STORAGE_OFFLOAD_MAX_TOKEN_LENGTH, {
      error: ({ input }) => lengthSentence((input as Uint8Array).length),
    }),
);

/** The same for a token that {@link ownToken} gave. */
export const filledToken: () => z.ZodCustom<OffloadToken | Uint8Array, OffloadToken | Uint8Array> = once(() =>
  zod().custom(
    (value) => isToken(value) || (isOwnBytes(value) && value.length === STORAGE_OFFLOAD_MAX_TOKEN_LENGTH),
    { error: ({ input }) => (isOwnBytes(input) ? lengthSentence(input.length) : kindSentence(input)) },
  ),
);
