import type { Dirent, Stats } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { CommandError, codeOf, describeSystemError, fileError, RequestError } from './errors.ts';

/** Which files a copy reads and writes. */
export interface CopyPlan {
  /** One file to one file, as opposed to several files or a folder. */
  readonly isSingle: boolean;
  readonly copies: readonly PlannedCopy[];
  readonly skipped: readonly SkippedSource[];
  /** Folders to create, outer ones first. */
  readonly folders: readonly string[];
}

export interface PlannedCopy {
  readonly source: string;
  readonly destination: string;
  readonly bytes: bigint;
}

/** A source that cannot be copied. */
export interface SkippedSource {
  readonly source: string;
  /** Continues a sentence that begins with the source. */
  readonly reason: string;
  /** An error code of Node.js: ENOENT. */
  readonly code?: string;
}

/** Decides which file goes where, as `cp -r` does. Changes nothing. Throws RequestError. */
export async function planCopies(sources: readonly string[], destination: string): Promise<CopyPlan> {
  const target = await statOrUndefined(destination);
  const [only] = sources;
  if (sources.length === 1 && only !== undefined) {
    const source = await statOrUndefined(only);
    if (source !== undefined && !source.isFile() && !source.isDirectory()) {
      throw new CommandError(`${only} is not a regular file.`, 'Name a file or a folder.');
    }
    if (!source?.isDirectory() && !target?.isDirectory()) return planSingle(only, destination, source);
  } else if (target === undefined) {
    throw new RequestError(
      `There is no folder ${destination} to copy ${sources.length} files into; create it first.`,
    );
  } else if (!target.isDirectory()) {
    throw new RequestError(`${destination} is not a folder; several files are copied into a folder.`);
  }

  const draft = new PlanDraft();
  for (const source of sources) {
    const found = await draft.stat(source, sources.length === 1);
    if (found === undefined) continue;
    const to = target === undefined ? destination : join(destination, basename(resolve(source)));
    if (!found.isDirectory()) {
      draft.addFile(source, to, found);
      continue;
    }
    checkOutside(source, to);
    if (target !== undefined && !target.isDirectory()) {
      throw new RequestError(`${source} is a folder and ${destination} is not; name a folder instead.`);
    }
    await draft.addFolder(source, to);
  }
  return draft.finish();
}

/** Creates the folders of the destination. Throws CommandError. */
export async function createFolders(plan: CopyPlan): Promise<void> {
  for (const folder of plan.folders) {
    // By its full name: with a relative one Node.js tries forever when the working directory has been removed.
    await mkdir(resolve(folder), { recursive: true }).catch((error: unknown) => {
      throw fileError(folder, 'created', error);
    });
  }
}

/**
 * Replaces patterns with `*` and `?` by the paths that match, sorted, as a shell does on other systems than Windows.
 * Letter case is ignored. Throws CommandError where nothing matches.
 */
export async function expandWildcards(paths: readonly string[]): Promise<string[]> {
  const expanded = await Promise.all(paths.map((path) => (isPattern(path) ? matches(path) : [path])));
  return expanded.flat();
}

// \\?\C:\folder is a path, not a pattern.
function isPattern(path: string): boolean {
  return /[*?]/.test(withoutPrefix(path));
}

function withoutPrefix(path: string): string {
  return path.startsWith('\\\\?\\') ? path.slice(4) : path;
}

async function matches(pattern: string): Promise<string[]> {
  const isWildcard = (part: string): boolean => /[*?]/.test(part);
  // Each part keeps the separators behind it, so that the paths look like the pattern.
  const rest = withoutPrefix(pattern);
  const parts = rest.split(/(?<=[\\/])(?![\\/])/);
  let found = [pattern.slice(0, pattern.length - rest.length)];
  for (const [index, part] of parts.entries()) {
    const name = part.replace(/[\\/]+$/, '');
    const separators = part.slice(name.length);
    const isLast = index === parts.length - 1;
    if (!isWildcard(name)) found = found.map((folder) => folder + part);
    else {
      const lists = await Promise.all(
        found.map(async (folder) => {
          const names = await namesIn(folder, name, !isLast);
          return names.map((each) => folder + each + separators);
        }),
      );
      found = lists.flat();
    }
  }
  const existing = await Promise.all(found.map(statOrUndefined));
  const paths = found.filter((_, index) => existing[index] !== undefined);
  if (paths.length > 0) return paths;
  throw new CommandError(`No file matches ${pattern}.`, 'Check the pattern and the folder.');
}

async function namesIn(folder: string, pattern: string, foldersOnly: boolean): Promise<string[]> {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  // For Windows, *.* is every name, with and without a dot.
  const source = pattern === '*.*' ? '.*' : escaped.replaceAll('*', '.*').replaceAll('?', '.');
  const regExp = new RegExp(`^${source}$`, 'i');
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => regExp.test(entry.name) && !(foldersOnly && entry.isFile()))
    .map((entry) => entry.name)
    .sort();
}

function planSingle(source: string, destination: string, found: Stats | undefined): CopyPlan {
  if (/[\\/]$/.test(destination)) {
    throw new RequestError(
      `There is no folder ${destination}; create it first, or leave out the last separator.`,
    );
  }
  if (samePath(source, destination)) {
    throw new RequestError(`${destination} is the source itself; copy to another file.`);
  }
  const copies = [{ source, destination, bytes: BigInt(found?.size ?? 0) }];
  return { isSingle: true, copies, skipped: [], folders: [] };
}

class PlanDraft {
  readonly #copies: PlannedCopy[] = [];
  readonly #skipped: SkippedSource[] = [];
  readonly #folders: string[] = [];
  readonly #sourceOf = new Map<string, string>();

  /** Returns undefined, and skips the source, where it cannot be read. Throws where it is the only one. */
  async stat(source: string, isOnly: boolean): Promise<Stats | undefined> {
    try {
      return await stat(source);
    } catch (error) {
      if (isOnly) throw fileError(source, 'read', error);
      this.#skipUnreadable(source, error);
      return undefined;
    }
  }

  addFile(source: string, destination: string, found: Stats): void {
    if (!found.isFile()) {
      this.#skip(source, 'is not a regular file');
      return;
    }
    const other = this.#sourceOf.get(keyOf(destination));
    if (other !== undefined) {
      throw new RequestError(
        samePath(other, source)
          ? `${source} is named twice; name it once.`
          : `${other} and ${source} would both become ${destination}; copy one of them under another name.`,
      );
    }
    // A source that is skipped here must not be replaced by another one either.
    this.#sourceOf.set(keyOf(destination), source);
    if (samePath(source, destination)) {
      this.#skip(source, 'is the destination itself');
      return;
    }
    this.#copies.push({ source, destination, bytes: BigInt(found.size) });
  }

  async addFolder(source: string, destination: string): Promise<void> {
    this.#folders.push(destination);
    for (const entry of await this.#entriesOf(source)) {
      const from = join(source, entry.name);
      const to = join(destination, entry.name);
      if (entry.isSymbolicLink()) this.#skip(from, 'is a symbolic link, which is not followed');
      else if (entry.isDirectory()) await this.addFolder(from, to);
      else {
        const found = await this.stat(from, false);
        if (found !== undefined) this.addFile(from, to, found);
      }
    }
  }

  finish(): CopyPlan {
    for (const { source } of this.#copies) {
      const other = this.#sourceOf.get(keyOf(source));
      if (other !== undefined) {
        throw new RequestError(`${other} would replace ${source}, which is to be copied too; copy it first.`);
      }
    }
    const isSingle = this.#copies.length === 1 && this.#folders.length === 0 && this.#skipped.length === 0;
    return { isSingle, copies: this.#copies, skipped: this.#skipped, folders: this.#folders };
  }

  async #entriesOf(folder: string): Promise<Dirent[]> {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      this.#skipUnreadable(folder, error);
      return [];
    }
  }

  #skipUnreadable(source: string, error: unknown): void {
    this.#skip(source, `cannot be read (${describeSystemError(error)})`, codeOf(error));
  }

  #skip(source: string, reason: string, code?: string): void {
    this.#skipped.push({ source, reason, ...(code !== undefined && { code }) });
  }
}

// A folder copied into itself would never end.
function checkOutside(source: string, destination: string): void {
  if (`${keyOf(destination)}${sep}`.startsWith(`${keyOf(source)}${sep}`)) {
    throw new RequestError(`${destination} lies within ${source}; a folder cannot be copied into itself.`);
  }
}

function samePath(a: string, b: string): boolean {
  return keyOf(a) === keyOf(b);
}

// Windows ignores the letter case of names.
function keyOf(path: string): string {
  const absolute = resolve(path);
  return process.platform === 'win32' ? absolute.toLowerCase() : absolute;
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  // Whether a path can be opened is decided by the kernel. A device has no stat on some systems.
  return stat(path).catch(() => undefined);
}
