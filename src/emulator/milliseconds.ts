import type * as z from 'zod';
import { describeValue } from '../describe.ts';
import { zod } from '../schema/zod.ts';

// What a timer of Node can wait.
const LONGEST = 0x7fff_ffff;

/** A time in milliseconds; fractions are fine. */
export function milliseconds(field: string): z.ZodCustom<number, number> {
  return zod().custom<number>((value) => typeof value === 'number' && value >= 0 && value <= LONGEST, {
    error: ({ input }) => {
      const said = `${field} is ${describeValue(input)}; it must be a number of milliseconds from 0 to ${LONGEST}`;
      return typeof input === 'number' && !Number.isNaN(input)
        ? `${said}, the nearest legal value is ${input < 0 ? 0 : LONGEST}.`
        : `${said}, such as 5.`;
    },
  });
}
