/** As many bytes of a token in a row count as a leak. */
const RUN = 8;
// The type and the length at the start of a token are no secret.
const HEADER = 8;

const HEX = /(?:(?:0x)?[0-9a-f]{2}[\s,:]*){8,}[0-9a-f]?/gi;
const DECIMAL = /\d{1,3}(?:[\s,]+(?:"?\d+"?:\s*)?\d{1,3}){7,}/g;
const BASE64 = /[\w+/-]{11,}/g;

/** The bytes that a text may show: as they are, in hexadecimal, as a list of numbers, in base64 or base64url. */
function* bytesIn(text: string): Generator<Buffer> {
  yield Buffer.from(text, 'latin1');
  for (const [found] of text.matchAll(HEX)) {
    const digits = found.replaceAll(/0x|[^0-9a-f]/gi, '');
    // The first digit may belong to something else.
    for (const shift of [0, 1]) yield Buffer.from(digits.slice(shift), 'hex');
  }
  for (const [found] of text.matchAll(DECIMAL)) {
    const numbers = found.replaceAll(/"?\d+"?:/g, '').match(/\d+/g) ?? [];
    yield Buffer.from(numbers.map(Number));
  }
  for (const [found] of text.matchAll(BASE64)) {
    for (const shift of [0, 1, 2, 3]) yield Buffer.from(found.slice(shift), 'base64');
  }
}

/** Finds eight bytes of a token in a row within a text. Returns them in hexadecimal; undefined where there are none. */
export function leakIn(text: string, ...tokens: readonly Uint8Array[]): string | undefined {
  const runs = new Set(tokens.flatMap((token) => windows(Buffer.from(token.subarray(HEADER)))));
  for (const bytes of bytesIn(text)) {
    for (const run of windows(bytes)) if (runs.has(run)) return Buffer.from(run, 'latin1').toString('hex');
  }
  return undefined;
}

function windows(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  return Array.from({ length: Math.max(text.length - RUN + 1, 0) }, (_, at) => text.slice(at, at + RUN));
}
