import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { filesOf, type Kernel, KernelFailure, type VolumeInfo } from '../../src/kernel/kernel.ts';
import { probeWith } from '../../src/probe/probe.ts';
import { failureOf, Workspace, withFiles, withInfo } from '../copy/kit.ts';
import { answering } from './replies.ts';

const SIZE = 300_000;
const workspace = new Workspace();

function withVolume(info: Partial<VolumeInfo>, kernel: Kernel = createEmulator()): Kernel {
  return withFiles(kernel, {
    volume: async (path) => ({ ...(await filesOf(kernel).volume(path)), ...info }),
  });
}

const filter = (name: string, offloadRead: boolean, offloadWrite: boolean) => ({
  name,
  offloadRead,
  offloadWrite,
});

describe('probe', () => {
  test('reports the verdict capable for an emulated array, without a promise', async () => {
    const path = workspace.file(SIZE);
    const kernel = createEmulator({ sectorSize: 4096, maximumTransferSize: 1_048_576 });
    const report = await probeWith(kernel, path);
    expect(report).toMatchObject({
      verdict: 'capable',
      path,
      fileSystem: 'emulated',
      location: 'local',
      readOnly: false,
      sectorSize: 4096,
      size: BigInt(SIZE),
      attributes: [],
      copyOffload: { maximumTransferBytes: 1_048_576n },
      filters: [],
    });
    expect(report.reasons).toEqual([expect.stringMatching(/promises nothing/)]);
  });

  const incapable: [string, Partial<VolumeInfo>, RegExp[]][] = [
    // Fundamentals, "Offloaded Data Transfers": NTFS. A Cluster Shared Volume is NTFS and calls itself CSVFS.
    ['FAT', { fileSystem: 'FAT' }, [/^The file system is FAT, which never offloads; .*NTFS/]],
    ['FAT32', { fileSystem: 'FAT32' }, [/^The file system is FAT32, .*NTFS/]],
    ['exFAT', { fileSystem: 'exFAT' }, [/^The file system is exFAT, .*NTFS/]],
    [
      'a compressed folder, which passes this on to new files',
      { isFolder: true, attributes: ['compressed'] },
      [/^The folder is compressed, and so are new files in it, .*choose another folder/],
    ],
    ['a sparse file', { attributes: ['sparse'] }, [/^The file is sparse/]],
    [
      'two obstacles',
      { attributes: ['compressed', 'encrypted'] },
      [/compressed.*compact/, /encrypted.*cipher/],
    ],
    [
      'FilterSupportedFeaturesMode in the registry',
      { featuresMode: 1 },
      [/^FilterSupportedFeaturesMode is 1/],
    ],
    [
      'filters that have not opted in',
      {
        filters: [
          filter('av', false, false),
          filter('good', true, true),
          filter('dedup', true, false),
          filter('mirror', false, true),
        ],
      },
      [/filter av .*copy offload/, /filter dedup .*offload writes/, /filter mirror .*offload reads/],
    ],
  ];

  test.each(incapable)('reports the verdict incapable for %s', async (_, info, reasons) => {
    const report = await probeWith(withVolume(info), workspace.file(SIZE));
    expect(report.verdict).toBe('incapable');
    expect(report.reasons).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  });

  test('reports the verdict incapable for a device without copy offload', async () => {
    const report = await probeWith(createEmulator({ supported: false }), workspace.file(SIZE));
    expect(report.verdict).toBe('incapable');
    expect(report.reasons).toEqual([expect.stringMatching(/ERROR_DEVICE_FEATURE_NOT_SUPPORTED/)]);
    expect(report).not.toHaveProperty('copyOffload');
  });

  const unknown: [string, Partial<VolumeInfo>, RegExp][] = [
    ['a share', { fileSystem: 'NTFS', location: 'remote', filters: undefined }, /network share/],
    ['an unknown file system', { fileSystem: undefined }, /file system could not be determined/],
    [
      'ReFS',
      { fileSystem: 'ReFS' },
      /^The file system is ReFS, .*depends on the version of Windows.*odx try/,
    ],
    [
      'filters that cannot be listed',
      { fileSystem: 'NTFS', filters: undefined, filtersUnknown: 'listing them takes an administrator' },
      /could not be listed: listing them takes an administrator\. Run "fltmc instances"/,
    ],
  ];

  test.each(unknown)('reports the verdict unknown for %s', async (_, info, reason) => {
    const report = await probeWith(withVolume(info), workspace.file(SIZE));
    expect(report).toMatchObject({ verdict: 'unknown', reasons: [expect.stringMatching(reason)] });
  });

  test.each(['NTFS', 'CSVFS'])('reports the verdict capable for %s', async (fileSystem) => {
    const { verdict } = await probeWith(withVolume({ fileSystem }), workspace.file(SIZE));
    expect(verdict).toBe('capable');
  });

  test('reports the verdict unknown if the device cannot be opened', async () => {
    const kernel = withFiles(createEmulator(), {
      openDevice: async () => {
        throw new KernelFailure(5);
      },
    });
    const report = await probeWith(kernel, workspace.file(SIZE));
    expect(report).toMatchObject({
      verdict: 'unknown',
      reasons: [expect.stringMatching(/ERROR_ACCESS_DENIED/)],
    });
  });

  test('reports the verdict unknown if the reply of the device is too short', async () => {
    const kernel = answering(createEmulator(), () => 8);
    const report = await probeWith(kernel, workspace.file(SIZE));
    expect(report).toMatchObject({
      verdict: 'unknown',
      reasons: [expect.stringMatching(/^The device did not report .*ERR_ODX_PROTOCOL/)],
    });
    expect(report).not.toHaveProperty('copyOffload');
  });

  // A verdict would hide a defect of the kernel.
  test.each(['open', 'openDevice'] as const)(
    'rejects with what is not an error of Windows in %s',
    async (method) => {
      const bug = new TypeError('A bug.');
      const kernel = withFiles(createEmulator(), { [method]: () => Promise.reject(bug) });
      expect(await failureOf(probeWith(kernel, workspace.file(SIZE)))).toBe(bug);
    },
  );

  test('reports the verdict unknown for a device, and names the functions for devices', async () => {
    const kernel = withInfo(createEmulator(), 'disk', { isDevice: true });
    const report = await probeWith(kernel, workspace.file(SIZE, 'disk'));
    expect(report).toMatchObject({ verdict: 'unknown', reasons: [expect.stringMatching(/dsmOffloadRead/)] });
  });

  test('notes that small files are copied by ordinary means, without an effect on the verdict', async () => {
    const report = await probeWith(withVolume({ readOnly: true }), workspace.file(1000));
    expect(report).toMatchObject({ verdict: 'capable', readOnly: true, size: 1000n });
    expect(report.reasons).toEqual([
      expect.stringMatching(/1000 bytes.*262144/),
      expect.stringMatching(/read-only/),
      expect.stringMatching(/promises nothing/),
    ]);
  });

  test('notes a legacy filter, without an effect on the verdict', async () => {
    const filters = [filter('good', true, true), { ...filter('old', false, false), isLegacy: true as const }];
    const report = await probeWith(withVolume({ filters }), workspace.file(SIZE));
    expect(report).toMatchObject({ verdict: 'capable', filters });
    expect(report.reasons).toEqual([
      expect.stringMatching(/^The legacy filter old is on this volume\. .*only a real call shows/),
      expect.stringMatching(/promises nothing/),
    ]);
  });

  test('notes that an empty file has nothing to offload', async () => {
    const { verdict, reasons } = await probeWith(createEmulator(), workspace.file(0));
    expect(verdict).toBe('capable');
    expect(reasons[0]).toBe('The file is empty, so there is nothing to offload; try one with data.');
  });

  test('gives every reason as a sentence, the most important first', async () => {
    const info: Partial<VolumeInfo> = {
      fileSystem: 'exFAT',
      filters: undefined,
      filtersUnknown: undefined,
      readOnly: true,
    };
    const { verdict, reasons } = await probeWith(withVolume(info), workspace.file(10));
    expect(verdict).toBe('incapable');
    expect(reasons).toHaveLength(4);
    expect(reasons[0]).toMatch(/exFAT/);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  test('survives JSON.stringify with its report, bigints as decimal strings', async () => {
    const report = await probeWith(createEmulator(), workspace.file(SIZE));
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      verdict: 'capable',
      size: `${SIZE}`,
      copyOffload: { maximumTransferBytes: `${report.copyOffload?.maximumTransferBytes}` },
      filters: [],
    });
    expect(Object.keys(report)).not.toContain('toJSON');
  });

  test('accepts a folder', async () => {
    const report = await probeWith(createEmulator(), workspace.root);
    expect(report.verdict).toBe('capable');
    expect(report).not.toHaveProperty('size');
  });

  test('rejects with ERROR_FILE_NOT_FOUND if there is no file at the path', async () => {
    const failure = await failureOf(probeWith(createEmulator(), workspace.path('missing')));
    expect(failure).toBeInstanceOf(Win32Error);
    expect(failure).toMatchObject({ code: 'ERROR_FILE_NOT_FOUND' });
  });

  test.each([[''], ['a\0b'], [undefined], [5]])('refuses a path that is %o', async (path) => {
    expect(await failureOf(probeWith(createEmulator(), path as string))).toBeInstanceOf(InvalidArgumentError);
  });

  test('sends one query to the device, and no offload call', async () => {
    const kernel = createEmulator();
    await probeWith(kernel, workspace.file(SIZE));
    expect(kernel.calls.map(({ name }) => name)).toEqual(['IOCTL_STORAGE_QUERY_PROPERTY']);
  });
});
