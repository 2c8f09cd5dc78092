import type { Dirent, Stats } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { AdvisedError, hostError, hostWords } from './errors.ts';
import { RequestError } from './usage-error.ts';

export interface PlannedCopy {
  readonly source: string;
  readonly destination: string;
  readonly bytes: bigint;
}

/** What cannot be copied at all, and why. */
export interface Unplanned {
  readonly source: string;
  readonly reason: string;
  /** Of the host: ENOENT. */
  readonly code?: string;
}

export interface CopyPlan {
  /** One file to one file, as opposed to several files or a folder. */
  readonly single: boolean;
  readonly copies: readonly PlannedCopy[];
  readonly unplanned: readonly Unplanned[];
  /** Folders to make, outer ones first. */
  readonly folders: readonly string[];
}

/** Which file goes where, as `cp -r` would have it. Nothing is written yet. Throws RequestError. */
export async function planCopies(sources: readonly string[], destination: string): Promise<CopyPlan> {
  const target = await statIfThere(destination);
  const [only] = sources;
  if (sources.length === 1 && only !== undefined) {
    const source = await statIfThere(only);
    if (source !== undefined && !source.isFile() && !source.isDirectory()) {
      throw new AdvisedError(`${only} is no ordinary file.`, 'Name a file or a folder.');
    }
    if (!source?.isDirectory() && !target?.isDirectory()) return single(only, destination, source);
  } else if (target !== undefined && !target.isDirectory()) {
    throw new RequestError(`${destination} is a file; several files are copied into a folder.`);
  }
  if (target === undefined && sources.length > 1) {
    throw new RequestError(
      `There is no folder ${destination} to copy ${sources.length} files into; make it first.`,
    );
  }

  const draft = new Draft();
  for (const source of sources) {
    const found = await draft.look(source, sources.length === 1);
    if (found === undefined) continue;
    const to = target === undefined ? destination : join(destination, basename(resolve(source)));
    if (found.isDirectory()) {
      refuseWithin(source, to);
      if (target !== undefined && !target.isDirectory()) {
        throw new RequestError(
          `${source} is a folder and ${destination} is a file; a folder is copied into a folder.`,
        );
      }
      await draft.addFolder(source, to);
    } else {
      draft.addFile(source, to, found);
    }
  }
  const lone = draft.copies.length === 1 && draft.folders.length === 0 && draft.unplanned.length === 0;
  return { single: lone, copies: draft.copies, unplanned: draft.unplanned, folders: draft.folders };
}

export async function makeFolders(plan: CopyPlan): Promise<void> {
  for (const folder of plan.folders) await mkdir(folder, { recursive: true });
}

function single(source: string, destination: string, found: Stats | undefined): CopyPlan {
  if (/[\\/]$/.test(destination)) {
    throw new RequestError(
      `There is no folder ${destination}; make it first, or leave out the last separator.`,
    );
  }
  if (resolve(source) === resolve(destination)) {
    throw new RequestError(`${destination} is the source itself; copy to another file.`);
  }
  const copies = [{ source, destination, bytes: BigInt(found?.size ?? 0) }];
  return { single: true, copies, unplanned: [], folders: [] };
}

class Draft {
  readonly copies: PlannedCopy[] = [];
  readonly unplanned: Unplanned[] = [];
  readonly folders: string[] = [];
  readonly #taken = new Map<string, string>();

  /** What is at a path; undefined, and noted, where that cannot be told. Throws where there is nothing else to copy. */
  async look(source: string, alone: boolean): Promise<Stats | undefined> {
    try {
      return await stat(source);
    } catch (error) {
      if (alone) throw hostError(source, 'read', error);
      this.#note(source, error);
      return undefined;
    }
  }

  addFile(source: string, destination: string, found: Stats): void {
    if (!found.isFile()) {
      this.unplanned.push({ source, reason: 'is no ordinary file' });
      return;
    }
    if (resolve(source) === resolve(destination)) {
      this.unplanned.push({ source, reason: 'is there already: it is the destination itself' });
      return;
    }
    const other = this.#taken.get(resolve(destination));
    if (other !== undefined) {
      throw new RequestError(
        `${other} and ${source} would both become ${destination}; copy them one by one.`,
      );
    }
    this.#taken.set(resolve(destination), source);
    this.copies.push({ source, destination, bytes: BigInt(found.size) });
  }

  async addFolder(source: string, destination: string): Promise<void> {
    this.folders.push(destination);
    for (const entry of await this.#entries(source)) {
      const from = join(source, entry.name);
      const to = join(destination, entry.name);
      if (entry.isSymbolicLink())
        this.unplanned.push({ source: from, reason: 'is a link, which is not followed' });
      else if (entry.isDirectory()) await this.addFolder(from, to);
      else {
        const found = await this.look(from, false);
        if (found !== undefined) this.addFile(from, to, found);
      }
    }
  }

  async #entries(folder: string): Promise<Dirent[]> {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      this.#note(folder, error);
      return [];
    }
  }

  #note(source: string, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? { code: String(error.code) } : {};
    this.unplanned.push({ source, reason: whyUnread(error), ...code });
  }
}

function whyUnread(error: unknown): string {
  return `cannot be read (${hostWords(error)})`;
}

// A folder copied into itself would never end.
function refuseWithin(source: string, destination: string): void {
  if (`${resolve(destination)}${sep}`.startsWith(`${resolve(source)}${sep}`)) {
    throw new RequestError(`${destination} lies within ${source}; a folder cannot be copied into itself.`);
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    // Whether it may be opened is for the kernel to say; a device has no stat on every system.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
