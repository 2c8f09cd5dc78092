import type { ProtocolError, Win32Error } from '../errors.ts';

/** Why a copy went on by ordinary reads and writes, and from where. */
export interface CopyFallback {
  /** The first failure of an offload call that could not be mended. */
  readonly reason: Win32Error | ProtocolError;
  /** Offset in bytes of the first byte that was copied by ordinary means. */
  readonly at: bigint;
}

/** What a finished copy did. `offloadedBytes + zeroedBytes + bufferedBytes` is always `bytes`. */
export interface CopyReport {
  /** Size of the source, and now of the destination, in bytes. */
  readonly bytes: bigint;
  /** Bytes that the array copied by itself. */
  readonly offloadedBytes: bigint;
  /** Bytes known to be zeros without being read: written with the zero token, or there already because the file was extended. */
  readonly zeroedBytes: bigint;
  /** Bytes that passed through this host, zeros among them included. */
  readonly bufferedBytes: bigint;
  /** Offload reads that succeeded, those among them that made no progress included. */
  readonly reads: number;
  /** Offload writes that succeeded, counted in the same way. */
  readonly writes: number;
  readonly elapsedMs: number;
  /** Present where offload was tried and given up. A file too small to be offloaded has all its bytes in bufferedBytes, and no fallback. */
  readonly fallback?: CopyFallback;
}
