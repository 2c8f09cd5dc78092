import { describe, expect, test } from 'vitest';
import { Win32Error } from '../../src/errors.ts';
import { type Evidence, judge } from '../../src/probe/judge.ts';
import { temporaryFolder } from '../cli/files.ts';
import { odx, underWine } from '../cli/odx-process.ts';
import { rowsBelow } from './markdown.ts';

const CAPABLE: Evidence = {
  fileSystem: 'NTFS',
  location: 'local',
  readOnly: false,
  isFolder: false,
  isDevice: false,
  attributes: [],
  size: 1_048_576n,
  filters: [{ name: 'WdFilter', offloadRead: true, offloadWrite: true }],
  filtersUnknown: undefined,
  featuresMode: 0,
  descriptor: {
    copyOffload: {
      version: 1,
      size: 48,
      maximumTokenLifetime: 0,
      defaultTokenLifetime: 0,
      maximumTransferSize: 0n,
      optimalTransferCount: 0n,
      maximumDataDescriptors: 0,
      maximumTransferLengthPerDescriptor: 0,
      optimalTransferLengthPerDescriptor: 0,
      optimalTransferLengthGranularity: 0,
      maximumTransferBytes: 0n,
      optimalTransferBytes: 0n,
    },
  },
};

const failure = (errno: number) => new Win32Error({ errno }, { syscall: 'IOCTL_STORAGE_QUERY_PROPERTY' });

// One for each reason that judge.ts can give.
const EVIDENCE: Record<string, Partial<Evidence>> = {
  'nothing in the way': {},
  'a device': { isDevice: true },
  'an unknown file system': { fileSystem: undefined },
  exFAT: { fileSystem: 'exFAT' },
  ReFS: { fileSystem: 'ReFS' },
  'a share': { location: 'remote' },
  'a disk without the feature': { descriptor: { failure: failure(316) } },
  'a disk that does not answer': { descriptor: { failure: failure(5) } },
  'the registry': { featuresMode: 1 },
  'a filter': { filters: [{ name: 'old', offloadRead: false, offloadWrite: true }] },
  'a legacy filter': { filters: [{ name: 'old', offloadRead: false, offloadWrite: false, isLegacy: true }] },
  'no list of filters': { filters: undefined },
  'a sparse file': { attributes: ['sparse'] },
  'a compressed folder': { attributes: ['compressed'], isFolder: true },
  'an empty file': { size: 0n },
  'a small file': { size: 1000n },
  'a read-only volume': { readOnly: true },
};

// The first column of the table quotes what odx probe prints.
const quotes = rowsBelow('docs/diagnose.md', 'Step 2: remove the obstacles')
  .map(([first = '']) => /^\*\*(.*)\*\*$/.exec(first)?.[1])
  .filter((quote) => quote !== undefined);

describe('The guide about a copy that is not offloaded', () => {
  test.each(Object.entries(EVIDENCE))('has one row for the reasons of %s', (_, evidence) => {
    const { reasons } = judge({ ...CAPABLE, ...evidence });
    for (const reason of reasons) {
      expect(
        quotes.filter((quote) => reason.includes(quote)),
        reason,
      ).toHaveLength(1);
    }
  });

  test('quotes nothing that odx probe does not print', () => {
    const reasons = Object.values(EVIDENCE).flatMap((evidence) => judge({ ...CAPABLE, ...evidence }).reasons);
    expect(quotes.filter((quote) => !reasons.some((reason) => reason.includes(quote)))).toEqual([]);
  });

  test('explains every verdict of odx probe and odx try', () => {
    const verdicts = (heading: string) =>
      rowsBelow('docs/diagnose.md', heading).flatMap(([first = '']) => /^`(.*)`$/.exec(first)?.[1] ?? []);
    expect(verdicts('Step 1: what odx probe says')).toEqual(['incapable', 'unknown', 'capable']);
    expect(verdicts('Step 3: what odx try says')).toEqual(['offloads', 'incapable', 'broken']);
  });

  test.skipIf(underWine).each([['probe'], ['try']])(
    'is named by odx %s where the storage cannot offload (skipped under Wine)',
    async (command) => {
      const folder = temporaryFolder();
      const { stdout } = await odx([command, '.', '--incapable', '--emulate'], { cwd: folder.path });
      folder.remove();
      expect(stdout).toMatch(/^help: \S*docs\/diagnose\.md$/m);
    },
  );
});
