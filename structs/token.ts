import { declare } from './declare.ts';
import type { Layout } from './layout.ts';
import { array, UCHAR } from './types.ts';

/**
 * What an offload read hands out and an offload write takes: an opaque name for the data, 512 bytes, align 1.
 *
 * - `TokenType` (0x00, 4 bytes, **big-endian**): what kind of token; 0xFFFF0001 is the zero token.
 * - `Reserved` (0x04, 2 bytes): 0 in a token one builds, ignored in a token one gets.
 * - `TokenIdLength` (0x06, 2 bytes, **big-endian**): how much of `Token` is used; 504 in a zero token.
 * - `Token` (0x08, 504 bytes): opaque. In the zero token all zero. The headers put it in a union with
 *   `StorageOffloadZeroDataToken.Reserved2`, which is the same 504 bytes.
 *
 * A token that was received must never be edited: storage refuses it from then on.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddstor/ns-ntddstor-_storage_offload_token
 */
export const STORAGE_OFFLOAD_TOKEN: Layout<'TokenType' | 'Reserved' | 'TokenIdLength' | 'Token'> = declare(
  'STORAGE_OFFLOAD_TOKEN',
  {
    TokenType: array(UCHAR, 4),
    Reserved: array(UCHAR, 2),
    TokenIdLength: array(UCHAR, 2),
    Token: array(UCHAR, 504),
  },
);
