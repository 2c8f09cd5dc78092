import { createOdx } from '../../src/index.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { patternBytes } from '../kit.ts';
import * as driver from '../wine/driver.ts';
import { contentsOf, type Fixture, type FixtureOptions, fill, type KernelUnderTest } from './fixture.ts';

/** kernel32.dll with the kernel driver that simulates the array. */
export const onDriver: KernelUnderTest = {
  name: 'driver',
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
  driver.reset();
  const odx = createOdx({ kernel: loadKernel32() });
  const disks = driver.DISKS.filter((disk) => disk.sector === options.sector);
  const make = async (disk: driver.Disk | undefined, content: FixtureOptions['source']) => {
    if (disk === undefined)
      throw new Error(`The driver does not have two disks with sectors of ${options.sector} bytes.`);
    const data = patternBytes(content.valid ?? content.size);
    driver.setSize(disk.index, content.size, 0);
    const file = await odx.openFile(disk.path, 'r+');
    await fill(odx, file, data);
    return { file, data, disk };
  };
  const source = await make(disks[0], options.source);
  const destination = await make(disks[1], options.destination ?? { size: options.source.size, valid: 0 });
  driver.setLimits(undefined, options.limits ?? {});
  const switches: driver.Switch[] = [];
  if (options.unsupported === true) switches.push('readUnsupported', 'writeUnsupported');
  if (options.dsmRefused === true) switches.push('dsmRefused');
  driver.setSwitches(undefined, ...switches);
  const begin = driver.log().length;
  return {
    odx,
    source: source.file,
    destination: destination.file,
    data: source.data,
    contents: (file, length) => contentsOf(odx, file, length),
    openReadOnly: () => odx.openFile(source.file.path, 'r'),
    calls: () =>
      driver
        .log()
        .slice(begin)
        .map(({ code, input }) => ({ code, input })),
    force: (code, status) => driver.force(undefined, status, { code }),
    expireTokens: async () => driver.expireTokens(),
    async tearDown() {
      await source.file.close();
      await destination.file.close();
      driver.reset();
    },
  };
}
