import { afterEach, describe, expect, it } from 'vitest';
import { Win32Error } from '../../src/index.ts';
import type { Fixture, FixtureOptions, KernelUnderTest } from './fixture.ts';
import { kernels } from './kernel-under-test.ts';

/** A requirement of the specification. */
export interface Case<Form> {
  /** The requirement, and its source in parentheses. */
  readonly title: string;
  readonly needs?: readonly (keyof Abilities)[];
  /** The smallest sector size with which the case can be observed. */
  readonly leastSector?: number;
  options(sector: number): Omit<FixtureOptions, 'sector'>;
  run(fixture: Fixture, form: Form, sector: number): Promise<void>;
}

type Abilities = Pick<
  KernelUnderTest,
  'canLimit' | 'canForce' | 'canExpire' | 'canRefuse' | 'showsCalls' | 'answersDsm'
>;

/** Creates the fixture of a case, which is torn down after it. */
export type SetUp = (options: Omit<FixtureOptions, 'sector'>) => Promise<Fixture>;

export function onEveryKernel(body: (kernel: KernelUnderTest, sector: number, setUp: SetUp) => void): void {
  for (const kernel of kernels) {
    describe.each(kernel.sectors)(`${kernel.name}, sectors of %i bytes`, (sector) => {
      let fixture: Fixture | undefined;
      afterEach(async () => {
        await fixture?.tearDown();
        fixture = undefined;
      });
      body(kernel, sector, async (options) => {
        fixture = await kernel.fixture({ sector, ...options });
        return fixture;
      });
    });
  }
}

export function describeCases<Form extends { readonly name: string }>(
  kernel: KernelUnderTest,
  sector: number,
  setUp: SetUp,
  call: string,
  forms: readonly Form[],
  cases: readonly Case<Form>[],
): void {
  describe.each(forms.map((form) => [form.name, form] as const))(`${call}, %s`, (_, form) => {
    for (const { title, needs = [], leastSector = 0, options, run } of cases) {
      const missing = needs.filter((ability) => !kernel[ability]);
      const reason =
        missing.length > 0
          ? ` [skipped: this kernel has no ${missing.join(', ')}]`
          : sector < leastSector
            ? ` [skipped: needs sectors of at least ${leastSector} bytes]`
            : '';
      it.skipIf(reason !== '')(title + reason, async (context) => {
        const fixture = await setUp(options(sector));
        try {
          await run(fixture, form, sector);
        } catch (error) {
          const isAccepted = error instanceof Win32Error && kernel.acceptableRefusals.includes(error.code);
          if (!isAccepted) throw error;
          context.skip(`this volume does not offload: ${error.code}`);
        }
      });
    }
  });
}

export async function expectRefusal(call: Promise<unknown>, codes: readonly string[]): Promise<Win32Error> {
  const error: unknown = await call.then(
    () => new Error('The call succeeded, but the test expects it to be refused.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Win32Error)) throw error;
  expect(codes).toContain(error.code);
  return error;
}
