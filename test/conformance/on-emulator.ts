import { setTimeout as sleep } from 'node:timers/promises';
import { createEmulator } from '../../src/emulator/index.ts';
import { createOdx } from '../../src/index.ts';
import { createFolder, patternBytes } from '../kit.ts';
import { contentsOf, type Fixture, type FixtureOptions, fill, type KernelUnderTest } from './fixture.ts';

const TOKEN_LIFETIME = 40;

/** The emulator, on files of the host. */
export const onEmulator: KernelUnderTest = {
  name: 'emulator',
  sectors: [512, 4096],
  canLimit: true,
  canForce: true,
  canExpire: true,
  canRefuse: true,
  showsCalls: true,
  answersDsm: true,
  acceptableRefusals: [],
  fixture,
};

async function fixture(options: FixtureOptions): Promise<Fixture> {
  const forced: { code: number; status: number }[] = [];
  const folder = createFolder();
  const kernel = createEmulator({
    sectorSize: options.sector,
    maximumTransferSize: options.limits?.read,
    maximumWriteSize: options.limits?.write,
    supported: options.unsupported !== true,
    tokenLifetime: options.expiring === true ? TOKEN_LIFETIME : undefined,
    dsm: options.dsmRefused === true ? 'refuse' : 'answer',
    intercept: ({ code }) => {
      const at = forced.findIndex((rule) => rule.code === code);
      const [rule] = at === -1 ? [] : forced.splice(at, 1);
      return rule === undefined ? undefined : { status: rule.status };
    },
  });
  const odx = createOdx({ kernel });
  const make = async (name: string, content: FixtureOptions['source']) => {
    const file = await odx.openFile(folder.path(name), 'w', { size: content.size });
    const data = patternBytes(content.valid ?? content.size);
    await fill(odx, file, data);
    return { file, data };
  };
  const source = await make('source', options.source);
  const destination = await make(
    'destination',
    options.destination ?? { size: options.source.size, valid: 0 },
  );
  kernel.calls.length = 0;
  return {
    odx,
    source: source.file,
    destination: destination.file,
    data: source.data,
    contents: (file, length) => contentsOf(odx, file, length),
    openReadOnly: () => odx.openFile(source.file.path, 'r'),
    calls: () => kernel.calls.map(({ code, input }) => ({ code, input })),
    force: (code, status) => forced.push({ code, status }),
    expireTokens: () => sleep(TOKEN_LIFETIME * 2),
    async tearDown() {
      await source.file.close();
      await destination.file.close();
      folder.remove();
    },
  };
}
