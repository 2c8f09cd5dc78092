import { afterEach, describe, expect, it } from 'vitest';
import { Win32Error } from '../../src/index.ts';
import { kernels } from './kernel-under-test.ts';
import type { KernelUnderTest, Props, Stage } from './stage.ts';

/** One line of the specification. */
export interface Case<Form> {
  /** What must hold, and who says so. */
  readonly title: string;
  readonly needs?: readonly (keyof Abilities)[];
  /** It can be seen with sectors of at least this size. */
  readonly leastSector?: number;
  props(sector: number): Omit<Props, 'sector'>;
  run(stage: Stage, form: Form, sector: number): Promise<void>;
}

type Abilities = Pick<
  KernelUnderTest,
  'canLimit' | 'canForce' | 'canExpire' | 'canRefuse' | 'showsCalls' | 'answersDsm'
>;

/** Sets up the stage of a case; it is struck when the case has ended. */
export type Take = (props: Omit<Props, 'sector'>) => Promise<Stage>;

export function onEveryKernel(body: (kernel: KernelUnderTest, sector: number, take: Take) => void): void {
  for (const kernel of kernels) {
    describe.each(kernel.sectors)(`${kernel.name}, sectors of %i bytes`, (sector) => {
      let stage: Stage | undefined;
      afterEach(async () => {
        await stage?.strike();
        stage = undefined;
      });
      body(kernel, sector, async (props) => {
        stage = await kernel.stage({ sector, ...props });
        return stage;
      });
    });
  }
}

export function describeCases<Form extends { readonly name: string }>(
  kernel: KernelUnderTest,
  sector: number,
  take: Take,
  call: string,
  forms: readonly Form[],
  cases: readonly Case<Form>[],
): void {
  describe.each(forms)(`${call}, $name`, (form) => {
    for (const { title, needs = [], leastSector = 0, props, run } of cases) {
      const missing = needs.filter((ability) => !kernel[ability]);
      const reason =
        missing.length > 0
          ? ` [skipped: this kernel has no ${missing.join(', ')}]`
          : sector < leastSector
            ? ` [skipped: not to be seen with sectors below ${leastSector}]`
            : '';
      it.skipIf(reason !== '')(title + reason, async (context) => {
        const stage = await take(props(sector));
        try {
          await run(stage, form, sector);
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
    () => new Error('It succeeded.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Win32Error)) throw error;
  expect(codes).toContain(error.code);
  return error;
}
