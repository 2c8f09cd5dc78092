import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasStub, loadStub } from './stub-kernel.ts';

describe.skipIf(!hasStub)('libraries other than kernel32 and ntdll [needs a C compiler]', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-system-'));
  });
  afterEach(() => {
    setEnvironment('');
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}\\fltlib.dll`, { force: true });
  });

  test('fltlib.dll is loaded from the system folder by its full path', async () => {
    const stub = loadStub();
    // On Linux this is one file name, beside the folder.
    copyFileSync(stub.library, `${folder}\\fltlib.dll`);
    setEnvironment(folder);
    const { filters, filtersUnknown } = await stub.files.volume(folder);
    expect({ filters, filtersUnknown }).toEqual({ filters: [], filtersUnknown: undefined });
  });

  test('fltlib.dll is not loaded by its name when the system folder does not have it', async () => {
    const stub = loadStub();
    setEnvironment(folder);
    expect((await stub.files.volume(folder)).filtersUnknown).toBe('fltlib.dll is not there');
  });
});

// process.env of a worker thread is a copy that native code does not see.
function setEnvironment(folder: string): void {
  koffi.load(null).func('int setenv(const char *name, const char *value, int overwrite)')(
    'STUB_SYSTEM_FOLDER',
    folder,
    1,
  );
}
