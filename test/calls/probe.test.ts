import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { type Kernel, KernelFailure, type VolumeFacts } from '../../src/kernel/kernel.ts';
import { probeWith } from '../../src/probe/probe.ts';
import { withFacts, withMethods } from '../copy/strange-kernel.ts';
import { failureOf, Workspace } from '../copy/workspace.ts';

const SIZE = 300_000;
const workspace = new Workspace();

function withVolume(facts: Partial<VolumeFacts>, kernel: Kernel = createEmulator()): Kernel {
  return withMethods(kernel, {
    volume: async (path) => ({ ...(await kernel.volume(path)), ...facts }),
  });
}

const filter = (name: string, offloadRead: boolean, offloadWrite: boolean) => ({
  name,
  offloadRead,
  offloadWrite,
});

describe('probe', () => {
  test('reports an emulated array as capable', async () => {
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

  const incapable: [string, Partial<VolumeFacts>, RegExp[]][] = [
    ['another file system', { fileSystem: 'ReFS' }, [/^The file system is ReFS, .*NTFS/]],
    ['a sparse file', { attributes: ['sparse'] }, [/^The file is sparse/]],
    [
      'two obstacles',
      { attributes: ['compressed', 'encrypted'] },
      [/compressed.*compact/, /encrypted.*cipher/],
    ],
    ['the switch in the registry', { featuresMode: 1 }, [/^FilterSupportedFeaturesMode is 1/]],
    [
      'filters',
      { filters: [filter('av', false, false), filter('good', true, true), filter('dedup', true, false)] },
      [/filter av .*copy offload/, /filter dedup .*offload writes/],
    ],
  ];

  test.each(incapable)('reports incapable for %s', async (_, facts, reasons) => {
    const report = await probeWith(withVolume(facts), workspace.file(SIZE));
    expect(report.verdict).toBe('incapable');
    expect(report.reasons).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  });

  test('reports incapable for a device without copy offload', async () => {
    const report = await probeWith(createEmulator({ supported: false }), workspace.file(SIZE));
    expect(report.verdict).toBe('incapable');
    expect(report.reasons).toEqual([expect.stringMatching(/ERROR_DEVICE_FEATURE_NOT_SUPPORTED/)]);
    expect(report).not.toHaveProperty('copyOffload');
  });

  const unknown: [string, Partial<VolumeFacts>, RegExp][] = [
    ['a share', { fileSystem: 'NTFS', location: 'remote', filters: undefined }, /network share/],
    ['an unknown file system', { fileSystem: undefined }, /file system could not be learnt/],
    [
      'filters that cannot be listed',
      { fileSystem: 'NTFS', filters: undefined, filtersUnknown: 'listing them takes an administrator' },
      /could not be listed: listing them takes an administrator\. Run "fltmc instances"/,
    ],
  ];

  test.each(unknown)('reports unknown for %s', async (_, facts, reason) => {
    const report = await probeWith(withVolume(facts), workspace.file(SIZE));
    expect(report).toMatchObject({ verdict: 'unknown', reasons: [expect.stringMatching(reason)] });
  });

  test('reports unknown for a device that cannot be queried', async () => {
    const kernel = withMethods(createEmulator(), {
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

  test('recommends the storage pair for a device', async () => {
    const kernel = withFacts(createEmulator(), 'disk', { isDevice: true });
    const report = await probeWith(kernel, workspace.file(SIZE, 'disk'));
    expect(report).toMatchObject({ verdict: 'unknown', reasons: [expect.stringMatching(/dsmOffloadRead/)] });
  });

  test('mentions that small files are not offloaded, without changing the verdict', async () => {
    const report = await probeWith(withVolume({ readOnly: true }), workspace.file(1000));
    expect(report).toMatchObject({ verdict: 'capable', readOnly: true, size: 1000n });
    expect(report.reasons).toEqual([
      expect.stringMatching(/1000 bytes.*262144/),
      expect.stringMatching(/read-only/),
      expect.stringMatching(/promises nothing/),
    ]);
  });

  test('mentions that an empty file has nothing to offload', async () => {
    const { verdict, reasons } = await probeWith(createEmulator(), workspace.file(0));
    expect(verdict).toBe('capable');
    expect(reasons[0]).toBe('The file is empty, so there is nothing to offload; try one with data.');
  });

  test('returns sentences as reasons, the most important first', async () => {
    const facts: Partial<VolumeFacts> = {
      fileSystem: 'exFAT',
      filters: undefined,
      filtersUnknown: undefined,
      readOnly: true,
    };
    const { verdict, reasons } = await probeWith(withVolume(facts), workspace.file(10));
    expect(verdict).toBe('incapable');
    expect(reasons).toHaveLength(4);
    expect(reasons[0]).toMatch(/exFAT/);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].*\.$/);
  });

  test('accepts the path of a folder', async () => {
    const report = await probeWith(createEmulator(), workspace.root);
    expect(report.verdict).toBe('capable');
    expect(report).not.toHaveProperty('size');
  });

  test('rejects when the path does not exist', async () => {
    const failure = await failureOf(probeWith(createEmulator(), workspace.path('missing')));
    expect(failure).toBeInstanceOf(Win32Error);
    expect(failure).toMatchObject({ code: 'ERROR_FILE_NOT_FOUND' });
  });

  test.each([[''], ['a\0b'], [undefined], [5]])('refuses the path %o', async (path) => {
    expect(await failureOf(probeWith(createEmulator(), path as string))).toBeInstanceOf(InvalidArgumentError);
  });

  test('changes nothing and offloads nothing', async () => {
    const kernel = createEmulator();
    await probeWith(kernel, workspace.file(SIZE));
    expect(kernel.calls.map(({ name }) => name)).toEqual(['IOCTL_STORAGE_QUERY_PROPERTY']);
  });
});
