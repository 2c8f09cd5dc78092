import { numberFrom } from '../child.ts';
import type { Figure, Section } from '../figure.ts';
import { buildStub } from '../workspace.ts';

/** Growth of the process over a million calls, after half a million to warm up. */
export function memory(): Section {
  const stub = buildStub();
  const growth = (kind: string): Figure => ({
    name: `${kind}s, growth of RSS`,
    value: numberFrom('growth', kind, stub),
    unit: 'MiB',
    atMost: 8,
  });
  return { title: 'A million synchronous calls', figures: [growth('write'), growth('read')] };
}
