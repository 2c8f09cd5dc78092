import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours that Node leaves out when the stream is no terminal or NO_COLOR is set. */
export type Paint = (format: Format, text: string) => string;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (format, text) => styleText(format, text, { stream });
}
