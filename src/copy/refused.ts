import { ProtocolError, Win32Error } from '../errors.ts';

/** Thrown within a copy where an offload call failed in a way that ordinary reads and writes can mend. */
export class Refused {
  readonly reason: Win32Error | ProtocolError;

  constructor(reason: Win32Error | ProtocolError) {
    this.reason = reason;
  }
}

/** What a failed offload call means to the copy. An abort, or an error that is not of this package, stays what it is. */
export function asRefused(error: unknown): unknown {
  return error instanceof Win32Error || error instanceof ProtocolError ? new Refused(error) : error;
}

/** Whether the array does not know the token, any more or at all: a fresh one may do. */
export function isTokenRefused(error: unknown): error is Refused {
  return (
    error instanceof Refused && error.reason instanceof Win32Error && error.reason.action === 'refresh-token'
  );
}
