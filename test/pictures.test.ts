import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyStates } from '../docs/pictures/copy-states.ts';
import { tokenTravel } from '../docs/pictures/token-travel.ts';
import { layoutPicture } from '../src/cli/layout-picture.ts';
import { DARK, LIGHT } from '../src/cli/svg.ts';
import { structs } from '../structs/index.ts';
import { ROOT } from './built.ts';

const PICTURES: Record<string, string> = {
  'token-travel-light.svg': tokenTravel(LIGHT),
  'token-travel-dark.svg': tokenTravel(DARK),
  'copy-states-light.svg': copyStates(LIGHT),
  'copy-states-dark.svg': copyStates(DARK),
  ...Object.fromEntries(
    Object.values(structs).map((layout) => [`structs/${layout.name}.svg`, layoutPicture(layout)]),
  ),
};

describe.each(Object.entries(PICTURES))('docs/pictures/%s', (name, drawn) => {
  const path = join(ROOT, 'docs', 'pictures', name);

  it('is what its source draws; UPDATE_PICTURES=1 writes it anew', () => {
    if (process.env['UPDATE_PICTURES'] === '1') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, drawn);
    }
    expect(readFileSync(path, 'utf8')).toBe(drawn);
  });
});
