import { adaptive, type Palette, svgDocument, svgElement } from '../../src/cli/svg.ts';
import { structs } from '../../structs/index.ts';
import { arrow, box, label, shapeStyle } from './shapes.ts';

const WIDTH = 640;
const HOST = { x: 20, y: 20, width: 600, height: 84 };
const ARRAY = { x: 20, y: 236, width: 600, height: 136 };
const SOURCE = { x: 44, y: 284, width: 140, height: 64 };
const DESTINATION = { x: 456, y: 284, width: 140, height: 64 };

const MESSAGES = [
  { step: 1, x: 60, sent: true, what: 'range', bytes: structs.FSCTL_OFFLOAD_READ_INPUT.size },
  { step: 2, x: 190, sent: false, what: 'token', bytes: structs.FSCTL_OFFLOAD_READ_OUTPUT.size },
  { step: 3, x: 350, sent: true, what: 'token', bytes: structs.FSCTL_OFFLOAD_WRITE_INPUT.size },
  { step: 5, x: 480, sent: false, what: 'length', bytes: structs.FSCTL_OFFLOAD_WRITE_OUTPUT.size },
];
const TOTAL = MESSAGES.reduce((sum, { bytes }) => sum + bytes, 0).toLocaleString('en-US');

/**
 * How a token goes from the array to the host and back, while the data stays in the array. Without a palette it follows the
 * colour scheme of its reader: npm's page shows no picture whose sources have relative addresses.
 */
export function tokenTravel(palette?: Palette): string {
  return svgDocument({
    width: WIDTH,
    height: 392,
    title: 'The travel of a token',
    description:
      'The host asks the storage array for an offload read of a range and receives a token. It hands the token back in an ' +
      'offload write. The array then copies the data from the source to the destination by itself and replies with the ' +
      `number of bytes written. ${TOTAL} bytes pass through the host, however long the range is.`,
    style: palette === undefined ? adaptive(shapeStyle) : shapeStyle(palette),
    parts: [
      box(HOST, 'quiet'),
      label(HOST.x + 24, HOST.y + 32, 'Your host', 'strong left'),
      label(HOST.x + HOST.width - 24, HOST.y + 32, `${TOTAL} bytes, whatever the length`, 'note right'),
      label(48, HOST.y + 66, 'offloadRead', 'left'),
      label(338, HOST.y + 66, 'offloadWrite', 'left'),
      ...MESSAGES.flatMap(message),
      box(ARRAY, 'quiet'),
      label(ARRAY.x + 24, ARRAY.y + 32, 'Storage array', 'strong left'),
      box(SOURCE, 'accent'),
      label(SOURCE.x + 70, SOURCE.y + 38, 'source'),
      box(DESTINATION, 'accent'),
      label(DESTINATION.x + 70, DESTINATION.y + 38, 'destination'),
      thickArrow(SOURCE.x + SOURCE.width + 12, DESTINATION.x - 12, SOURCE.y + 32),
      label(WIDTH / 2, SOURCE.y + 4, '4. all the data', 'strong'),
    ],
  });
}

function message({ step, x, sent, what, bytes }: (typeof MESSAGES)[number]): string[] {
  const [top, bottom] = [HOST.y + HOST.height + 6, ARRAY.y - 6];
  const middle = (top + bottom) / 2;
  return [
    sent ? arrow([x, top], [x, bottom]) : arrow([x, bottom], [x, top]),
    label(x + 12, middle - 4, `${step}.`, 'left'),
    ...(what === 'token' ? [box({ x: x + 34, y: middle - 25, width: 70, height: 29 }, 'accent')] : []),
    label(x + (what === 'token' ? 44 : 34), middle - 4, what, 'left'),
    label(x + 12, middle + 24, `${bytes} bytes`, 'note left'),
  ];
}

function thickArrow(from: number, to: number, y: number): string {
  const points = [
    [from, y - 8],
    [to - 22, y - 8],
    [to - 22, y - 20],
    [to, y],
    [to - 22, y + 20],
    [to - 22, y + 8],
    [from, y + 8],
  ];
  return svgElement('polygon', { class: 'thick', points: points.join(' ') });
}
