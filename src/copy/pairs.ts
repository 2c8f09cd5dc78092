import { resolve } from 'node:path';
import { describeValue } from '../describe.ts';
import { type ArgumentIssue, InvalidArgumentError } from '../errors.ts';
import { checkPath } from '../path.ts';
import { isArray, refusalOf, refuse } from '../request.ts';

export interface CopyPair {
  readonly source: string;
  readonly destination: string;
}

/** Checks all pairs at once, so that nothing is copied when one of them is not legal. */
export function checkPairs(pairs: unknown): CopyPair[] {
  if (!isArray(pairs)) {
    refuse('pairs', `pairs is ${describeValue(pairs)}; it must be an array of [source, destination].`);
  }
  const issues: ArgumentIssue[] = [];
  const taken = new Map<string, number>();
  // By index: an iterator of the caller's has no say in it, and a hole is no pair.
  const checked = Array.from({ length: pairs.length }, (_, index) => {
    try {
      return checkPair(pairs[index], index, taken);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      issues.push(...error.issues);
      return undefined;
    }
  });
  for (const [index, pair] of checked.entries()) {
    const maker = pair && taken.get(placeOf(pair.source));
    if (maker === undefined) continue;
    const path = `pairs.${index}.0`;
    const said = describeValue(pair?.source);
    const message =
      maker === index
        ? `${path} is ${said}, which is the destination too; copy to another file.`
        : `${path} is ${said}, which is the destination of pairs.${maker}; copy it in a second call, when it is whole.`;
    issues.push({ path, message });
  }
  if (issues.length > 0) throw refusalOf(issues);
  return checked.filter((pair) => pair !== undefined);
}

function checkPair(pair: unknown, index: number, taken: Map<string, number>): CopyPair {
  const path = `pairs.${index}`;
  if (!isArray(pair) || pair.length !== 2) {
    const said = isArray(pair) ? `an array of ${pair.length}` : describeValue(pair);
    refuse(path, `${path} is ${said}; it must be [source, destination].`);
  }
  const source = checkPath(`${path}.0`, pair[0]);
  const destination = checkPath(`${path}.1`, pair[1]);
  const place = placeOf(destination);
  const other = taken.get(place);
  if (other !== undefined) {
    const said = describeValue(destination);
    refuse(
      `${path}.1`,
      `${path}.1 is ${said}, which is the destination of pairs.${other} too; two copies cannot share one.`,
    );
  }
  taken.set(place, index);
  return { source, destination };
}

// Windows does not tell upper from lower case.
function placeOf(path: string): string {
  const place = resolve(path);
  return process.platform === 'win32' ? place.toLowerCase() : place;
}
