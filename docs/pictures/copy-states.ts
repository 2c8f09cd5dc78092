import { type Palette, svgDocument, svgElement } from '../../src/cli/svg.ts';
import type { CopyProgress } from '../../src/index.ts';
import { arrow, type Box, box, label, shapeStyle } from './shapes.ts';

const STATES: Box = { x: 12, y: 12, width: 616, height: 354 };
const OPENING: Box = { x: 210, y: 32, width: 220, height: 62 };
const PHASES: Record<CopyProgress['phase'], Box & { readonly does: string }> = {
  offload: { x: 32, y: 160, width: 156, height: 62, does: 'the array copies' },
  buffered: { x: 242, y: 160, width: 156, height: 62, does: 'reads and writes' },
  system: { x: 452, y: 160, width: 156, height: 62, does: 'Windows copies' },
  verify: { x: 210, y: 284, width: 220, height: 62, does: 'only with verify: true' },
};
const DONE: Box = { x: 32, y: 414, width: 276, height: 62 };
const FAILED: Box = { x: 332, y: 414, width: 276, height: 62 };

/** Through which states copyFile goes. The phases have the names that onProgress reports. */
export function copyStates(palette: Palette): string {
  const { offload, buffered, system, verify } = PHASES;
  return svgDocument({
    width: 640,
    height: 496,
    title: 'The states of a copy',
    description:
      'copyFile opens both files and begins in the phase offload, in which the array copies. If the first offload call is ' +
      'refused or the file is small, Windows copies the file: phase system. If a later call fails, ordinary reads and ' +
      'writes continue: phase buffered. With mode require both are failures instead. With verify, the phase verify ' +
      'compares both files. At the end the destination is closed and the report returned. A failure or an abort in any ' +
      'state removes the destination and rejects the promise.',
    style: `${shapeStyle(palette)}.frame{fill:none;stroke:${palette.quiet};stroke-dasharray:5 4}`,
    parts: [
      svgElement('rect', { class: 'frame', ...STATES, rx: 12 }),
      ...state(OPENING, 'quiet', 'opening', 'files opened, size set'),
      ...Object.entries(PHASES).flatMap(([name, phase]) => state(phase, 'accent', name, phase.does)),
      ...state(DONE, 'quiet', 'CopyReport', 'destination closed, times kept'),
      ...state(FAILED, 'quiet', 'error', 'destination removed'),
      arrow([OPENING.x, 63], [middle(offload), 63], [middle(offload), offload.y - 3]),
      arrow([right(OPENING), 63], [middle(system), 63], [middle(system), system.y - 3]),
      label(middle(system) - 8, 112, 'refused at once,', 'note right'),
      label(middle(system) - 8, 132, 'or a small file', 'note right'),
      arrow([right(offload), 191], [buffered.x - 3, 191]),
      label((right(offload) + buffered.x) / 2, 183, 'fails', 'note'),
      ...[offload, buffered, system].map((phase) => {
        const [from, to] = [middle(phase), middle(verify) + (middle(phase) - middle(verify)) / 3];
        return arrow([from, bottom(phase)], [from, 253], [to, 253], [to, verify.y - 3]);
      }),
      arrow([middle(verify) - 60, bottom(verify)], [middle(verify) - 60, DONE.y - 3]),
      arrow([middle(FAILED), bottom(STATES)], [middle(FAILED), FAILED.y - 3]),
      label(middle(FAILED) + 14, 394, 'failure or abort', 'note left'),
    ],
  });
}

function state(at: Box, kind: string, name: string, does: string): string[] {
  return [
    box(at, kind),
    label(middle(at), at.y + 27, name, 'strong'),
    label(middle(at), at.y + 48, does, 'note'),
  ];
}

function middle({ x, width }: Box): number {
  return x + width / 2;
}

function right({ x, width }: Box): number {
  return x + width;
}

function bottom({ y, height }: Box): number {
  return y + height;
}
