import { DEFAULT_MINIMUM_SIZE } from '../copy/options.ts';
import { Win32Error } from '../errors.ts';
import type { VolumeInfo } from '../kernel/kernel.ts';
import type { Descriptor } from './descriptor.ts';

export interface Evidence extends Omit<VolumeInfo, 'device' | 'sectorSize'> {
  readonly isDevice: boolean;
  readonly descriptor: Descriptor;
}

/** A sentence, and what it does to the verdict: a note does nothing. */
interface Reason {
  readonly weight: 'incapable' | 'unknown' | 'note';
  readonly sentence: string;
}

const NO_OBSTACLE =
  'Nothing known stands against copy offload here, which promises nothing: run "odx copy --require" to see whether the storage does it.';

// The emulator stands for NTFS on an array.
const CAPABLE_FILE_SYSTEMS = ['NTFS', 'emulated'];

/** Weighs what was found, the weightiest reason first. */
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
  const weighing = (weight: Reason['weight']) => found.filter((reason) => reason.weight === weight);
  const against = weighing('incapable');
  const open = weighing('unknown');
  const verdict = against.length > 0 ? 'incapable' : open.length > 0 ? 'unknown' : 'capable';
  const sentences = [...against, ...open, ...weighing('note')].map((reason) => reason.sentence);
  return { verdict, reasons: verdict === 'capable' ? [...sentences, NO_OBSTACLE] : sentences };
}

function* fileSystem({ fileSystem: name, location, isDevice }: Evidence): Iterable<Reason> {
  if (isDevice) {
    const sentence =
      'This is a device, and offload reads and writes are for files on NTFS; probe a file on it, or use dsmOffloadRead and dsmOffloadWrite.';
    yield { weight: 'unknown', sentence };
    return;
  }
  if (name === undefined) {
    const sentence =
      'The file system could not be learnt; find it out with "fsutil fsinfo volumeinfo <volume>", only NTFS offloads.';
    yield { weight: 'unknown', sentence };
  } else if (!CAPABLE_FILE_SYSTEMS.includes(name)) {
    const sentence = `The file system is ${name}, and only NTFS offloads; move the file to a volume with NTFS.`;
    yield { weight: 'incapable', sentence };
  }
  if (location === 'remote') {
    const sentence =
      'The file is on a network share, where the server decides; probe the folder on the server itself, and see that the share is connected over SMB 3.';
    yield { weight: 'unknown', sentence };
  }
}

function* device({ descriptor, location }: Evidence): Iterable<Reason> {
  if ('copyOffload' in descriptor || location === 'remote') return;
  const { failure } = descriptor;
  if (failure instanceof Win32Error && failure.action === 'fallback') {
    const sentence = `The device has no copy offload (${failure.code}); see that the array has the feature enabled and licensed for this volume, and ask it with Get-OffloadDataTransferSetting.`;
    yield { weight: 'incapable', sentence };
  } else {
    const sentence = `The device did not say whether it can copy by itself (${failure.code}); ask it with Get-OffloadDataTransferSetting as an administrator.`;
    yield { weight: 'unknown', sentence };
  }
}

function* filters(evidence: Evidence): Iterable<Reason> {
  const { filters: found, filtersUnknown, featuresMode, location } = evidence;
  if (featuresMode === 1) {
    const sentence =
      'FilterSupportedFeaturesMode is 1, which turns copy offload off on this computer; set it to 0 under HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem and restart.';
    yield { weight: 'incapable', sentence };
  }
  for (const { name, offloadRead, offloadWrite } of found ?? []) {
    if (offloadRead && offloadWrite) continue;
    const what = offloadRead ? 'offload writes' : offloadWrite ? 'offload reads' : 'copy offload';
    const sentence = `The filter ${name} on this volume has not opted in to ${what}; update it to a version that does, or detach it with "fltmc detach ${name} <volume>" if you can do without it.`;
    yield { weight: 'incapable', sentence };
  }
  if (found === undefined && location !== 'remote') {
    const sentence = `The filters on the volume could not be listed: ${filtersUnknown ?? 'Windows did not say why'}. Run "fltmc instances" as an administrator and look for 3 in the column SprtFtrs.`;
    yield { weight: 'unknown', sentence };
  }
}

const REMEDIES = {
  sparse: 'copy it to a file that is not sparse, or clear the flag with "fsutil sparse setflag <file> 0"',
  compressed: 'decompress it with "compact /u <file>"',
  encrypted: 'decrypt it with "cipher /d <file>"',
} as const;

function* attributes({ attributes: found }: Evidence): Iterable<Reason> {
  for (const name of found) {
    const sentence = `The file is ${name}, and such files are never offloaded; ${REMEDIES[name]}.`;
    yield { weight: 'incapable', sentence };
  }
}

function* notes({ size, readOnly, isDevice }: Evidence): Iterable<Reason> {
  if (size === 0n && !isDevice) {
    yield {
      weight: 'note',
      sentence: 'The file is empty, so there is nothing to offload; try one with data.',
    };
  } else if (size !== undefined && size < DEFAULT_MINIMUM_SIZE && !isDevice) {
    const sentence = `The file has ${size} bytes, and below ${DEFAULT_MINIMUM_SIZE} files are copied by ordinary reads and writes; offloadRead still works, and copyFile offloads it in the mode require.`;
    yield { weight: 'note', sentence };
  }
  if (readOnly) {
    const sentence =
      'The volume is read-only: it can be the source of a copy; choose another for the destination.';
    yield { weight: 'note', sentence };
  }
}
