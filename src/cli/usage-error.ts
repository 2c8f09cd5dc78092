/** The command line is not one that odx understands. */
export class UsageError extends Error {
  readonly code = 'ERR_ODX_USAGE';
}
