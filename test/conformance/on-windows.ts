import { createOdx } from '../../src/index.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { createFolder, patternBytes } from '../kit.ts';
import { contentsOf, fill, type KernelUnderTest, type Props, type Stage } from './stage.ts';

/**
 * A folder of a real volume: WIN_ODX_FOLDER, else the temporary folder. Most volumes cannot offload, and say so with
 * one of these; any other refusal is a failure.
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
  stage,
};

async function stage(props: Props): Promise<Stage> {
  const folder = createFolder(process.env['WIN_ODX_FOLDER']);
  const odx = createOdx({ kernel: loadKernel32() });
  const make = async (name: string, content: Props['source']) => {
    const data = patternBytes(content.valid ?? content.size);
    const file = await odx.openFile(folder.path(name), 'w', { size: content.size });
    await fill(odx, file, data);
    return { file, data };
  };
  const source = await make('source', props.source);
  const destination = await make('destination', props.destination ?? { size: props.source.size, valid: 0 });
  const cannot = (): never => {
    throw new Error('A real volume cannot be made to do that.');
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
    async strike() {
      await source.file.close();
      await destination.file.close();
      folder.remove();
    },
  };
}
