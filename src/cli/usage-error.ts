/** The command line is not one that odx understands; its help is in order. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'ERR_ODX_USAGE';
}

/** The command line is understood, but what it asks for cannot be meant. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code = 'ERR_ODX_REQUEST';
}
