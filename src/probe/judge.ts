import { DEFAULT_MINIMUM_SIZE } from '../copy/options.ts';
import type { CopyOffload } from '../copy-offload.ts';
import { type ProtocolError, Win32Error } from '../errors.ts';
import type { VolumeInfo } from '../kernel/kernel.ts';

/** The device's report on its copy offload, or why there is none. */
export type Descriptor =
  | { readonly copyOffload: CopyOffload }
  | { readonly failure: Win32Error | ProtocolError };

/** What is known about a path. */
export interface Evidence extends Omit<VolumeInfo, 'device' | 'sectorSize'> {
  readonly isDevice: boolean;
  readonly descriptor: Descriptor;
}

/** A sentence, and its effect on the verdict: a note has none. */
interface Reason {
  readonly effect: 'incapable' | 'unknown' | 'note';
  readonly sentence: string;
}

const NO_OBSTACLE =
  'No obstacle to copy offload was found, which promises nothing. Only a real call proves that it works: run "odx try".';

// NTFS calls itself CSVFS on a Cluster Shared Volume. The emulator stands for NTFS on an array.
const CAPABLE_FILE_SYSTEMS = ['NTFS', 'CSVFS', 'emulated'];
const INCAPABLE_FILE_SYSTEMS = ['FAT', 'FAT32', 'exFAT'];

/** Derives a verdict and its reasons, the most important first. */
export function judge(evidence: Evidence): {
  verdict: 'capable' | 'incapable' | 'unknown';
  reasons: string[];
} {
  const found = [
    ...fileSystem(evidence),
    ...device(evidence),
    ...filters(evidence),
    ...attributes(evidence),
    ...notes(evidence),
  ];
  const withEffect = (effect: Reason['effect']) => found.filter((reason) => reason.effect === effect);
  const obstacles = withEffect('incapable');
  const gaps = withEffect('unknown');
  const verdict = obstacles.length > 0 ? 'incapable' : gaps.length > 0 ? 'unknown' : 'capable';
  const sentences = [...obstacles, ...gaps, ...withEffect('note')].map((reason) => reason.sentence);
  return { verdict, reasons: verdict === 'capable' ? [...sentences, NO_OBSTACLE] : sentences };
}

function* fileSystem({ fileSystem: name, location, isDevice }: Evidence): Iterable<Reason> {
  if (isDevice) {
    const sentence =
      'This is a device, and offload reads and writes are for files on NTFS; probe a file on it, or use dsmOffloadRead and dsmOffloadWrite.';
    yield { effect: 'unknown', sentence };
    return;
  }
  if (name === undefined) {
    const sentence =
      'The file system could not be determined; run "fsutil fsinfo volumeinfo <volume>" and look for NTFS.';
    yield { effect: 'unknown', sentence };
  } else if (INCAPABLE_FILE_SYSTEMS.includes(name)) {
    const sentence = `The file system is ${name}, which never offloads; move the file to a volume with NTFS.`;
    yield { effect: 'incapable', sentence };
  } else if (!CAPABLE_FILE_SYSTEMS.includes(name)) {
    const sentence = `The file system is ${name}, and whether it offloads depends on the version of Windows; only NTFS certainly does. Find out with "odx try".`;
    yield { effect: 'unknown', sentence };
  }
  if (location === 'remote') {
    const sentence =
      'The file is on a network share, where the server decides; probe the folder on the server itself, and check that the share is connected over SMB 3.';
    yield { effect: 'unknown', sentence };
  }
}

function* device({ descriptor, location }: Evidence): Iterable<Reason> {
  if ('copyOffload' in descriptor || location === 'remote') return;
  const { failure } = descriptor;
  if (failure instanceof Win32Error && failure.action === 'fallback') {
    const sentence = `The device has no copy offload (${failure.code}); check that the feature is enabled and licensed on the array for this volume, and run Get-OffloadDataTransferSetting.`;
    yield { effect: 'incapable', sentence };
  } else {
    const sentence = `The device did not report whether it has copy offload (${failure.code}); run Get-OffloadDataTransferSetting as an administrator.`;
    yield { effect: 'unknown', sentence };
  }
}

function* filters(evidence: Evidence): Iterable<Reason> {
  const { filters: found, filtersUnknown, featuresMode, location } = evidence;
  if (featuresMode === 1) {
    const sentence =
      'FilterSupportedFeaturesMode is 1, which turns copy offload off on this computer; set it to 0 under HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem and restart.';
    yield { effect: 'incapable', sentence };
  }
  for (const { name, offloadRead, offloadWrite, isLegacy } of found ?? []) {
    if (offloadRead && offloadWrite) continue;
    if (isLegacy) {
      const sentence = `The legacy filter ${name} is on this volume. It cannot opt in to copy offload, so only a real call shows whether it lets it pass.`;
      yield { effect: 'note', sentence };
      continue;
    }
    const what = offloadRead ? 'offload writes' : offloadWrite ? 'offload reads' : 'copy offload';
    const sentence = `The filter ${name} on this volume has not opted in to ${what}; update it to a version that does, or detach it with "fltmc detach ${name} <volume>" if you do not need it.`;
    yield { effect: 'incapable', sentence };
  }
  if (found === undefined && location !== 'remote') {
    const sentence = `The filters on the volume could not be listed: ${filtersUnknown ?? 'Windows gave no reason'}. Run "fltmc instances" as an administrator and look for 3 in the column SprtFtrs.`;
    yield { effect: 'unknown', sentence };
  }
}

const REMEDIES = {
  sparse: 'copy it to a file that is not sparse, or clear the flag with "fsutil sparse setflag <file> 0"',
  compressed: 'decompress it with "compact /u <file>"',
  encrypted: 'decrypt it with "cipher /d <file>"',
} as const;

function* attributes({ attributes: found, isFolder }: Evidence): Iterable<Reason> {
  for (const name of found) {
    const sentence = isFolder
      ? `The folder is ${name}, and so are new files in it, which are never offloaded; choose another folder for the destination.`
      : `The file is ${name}, and such files are never offloaded; ${REMEDIES[name]}.`;
    yield { effect: 'incapable', sentence };
  }
}

function* notes({ size, readOnly, isDevice }: Evidence): Iterable<Reason> {
  if (size === 0n && !isDevice) {
    yield {
      effect: 'note',
      sentence: 'The file is empty, so there is nothing to offload; try one with data.',
    };
  } else if (size !== undefined && size < DEFAULT_MINIMUM_SIZE && !isDevice) {
    const sentence = `The file has ${size} bytes, and below ${DEFAULT_MINIMUM_SIZE} files are copied by the system; offloadRead still works, and copyFile offloads it with mode 'require'.`;
    yield { effect: 'note', sentence };
  }
  if (readOnly) {
    const sentence =
      'The volume is read-only: it can be the source of a copy; choose another for the destination.';
    yield { effect: 'note', sentence };
  }
}
