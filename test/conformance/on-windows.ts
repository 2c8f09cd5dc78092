import { createOdx } from '../../src/index.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { createFolder, patternBytes } from '../kit.ts';
import { contentsOf, type Fixture, type FixtureOptions, fill, type KernelUnderTest } from './fixture.ts';

/**
 * A folder on a real volume: WIN_ODX_FOLDER, or the temporary folder. Most volumes do not offload and refuse with one of
 * `acceptableRefusals`. Any other refusal fails the case.
 */
export const onWindows: KernelUnderTest = {
  name: 'windows',
  sectors: [512],
  canLimit: false,
  canForce: false,
  canExpire: false,
  canRefuse: false,
  showsCalls: false,
  answersDsm: false,
  acceptableRefusals: [
    'ERROR_INVALID_FUNCTION',
    'ERROR_NOT_SUPPORTED',
    'ERROR_DEVICE_FEATURE_NOT_SUPPORTED',
    'ERROR_DEVICE_UNREACHABLE',
    'ERROR_OFFLOAD_READ_FLT_NOT_SUPPORTED',
    'ERROR_OFFLOAD_WRITE_FLT_NOT_SUPPORTED',
    'ERROR_OFFLOAD_READ_FILE_NOT_SUPPORTED',
    'ERROR_OFFLOAD_WRITE_FILE_NOT_SUPPORTED',
  ],
  fixture,
};

async function fixture(options: FixtureOptions): Promise<Fixture> {
  const folder = createFolder(process.env['WIN_ODX_FOLDER']);
  const odx = createOdx({ kernel: loadKernel32() });
  const make = async (name: string, content: FixtureOptions['source']) => {
    const data = patternBytes(content.valid ?? content.size);
    const file = await odx.openFile(folder.path(name), 'w', { size: content.size });
    await fill(odx, file, data);
    return { file, data };
  };
  const source = await make('source', options.source);
  const destination = await make(
    'destination',
    options.destination ?? { size: options.source.size, valid: 0 },
  );
  const cannot = (): never => {
    throw new Error('This cannot be done on a real volume.');
  };
  return {
    odx,
    source: source.file,
    destination: destination.file,
    data: source.data,
    contents: (file, length) => contentsOf(odx, file, length),
    openReadOnly: () => odx.openFile(source.file.path, 'r'),
    calls: cannot,
    force: cannot,
    expireTokens: cannot,
    async tearDown() {
      await source.file.close();
      await destination.file.close();
      folder.remove();
    },
  };
}
