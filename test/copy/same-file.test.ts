import { appendFileSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { InvalidArgumentError, SourceChangedError } from '../../src/errors.ts';
import { hasStub, loadStub, type Stub } from '../kernel/stub-kernel.ts';
import { expectSame, failureOf, Workspace, watched } from './kit.ts';

const SIZE = 300_000;
const workspace = new Workspace();

describe.skipIf(!hasStub)('two names of a copy on the stub of kernel32 [needs a C compiler]', () => {
  let stub: Stub;
  beforeAll(() => {
    stub = loadStub();
  });
  // An offload on the stub moves no bytes, so the system must copy.
  beforeEach(() => stub.set('DeviceIoControl', 'fail', 1));
  afterEach(() => stub.reset());

  // Each way to a file: the name that leads to it.
  const ways: [string, (path: string) => string][] = [
    [
      'a symbolic link to the file',
      (path) => {
        const link = join(dirname(path), 'link');
        symlinkSync(path, link);
        return link;
      },
    ],
    [
      'a symbolic link to its folder',
      (path) => {
        const link = `${dirname(path)}-link`;
        symlinkSync(dirname(path), link);
        return join(link, 'source');
      },
    ],
    [
      'a SUBST drive',
      (path) => {
        stub.subst(dirname(path));
        return '//?/S:/source';
      },
    ],
    ['a share', (path) => `//server/share${path}`],
    ['its main stream', (path) => `${path}::$DATA`],
  ];

  describe.each(ways)('of which one is %s', (_, nameOf) => {
    test.each([
      ['to', false],
      ['from', true],
    ])('are refused as one file, %s the other name', async (_direction, isSource) => {
      const path = workspace.file(SIZE);
      const unchanged = watched(path);
      const other = nameOf(path);
      const [source, destination] = isSource ? [other, path] : [path, other];
      expect(await failureOf(stub.odx.copyFile(source, destination))).toBeInstanceOf(InvalidArgumentError);
      unchanged();
    });
  });

  test.each(ways.slice(0, 4))('lead to source and destination of a copy by %s', async (_, nameOf) => {
    const path = workspace.file(SIZE);
    const destination = workspace.path('copy');
    await stub.odx.copyFile(nameOf(path), destination);
    expectSame(destination, path);
    const target = workspace.file(10);
    await stub.odx.copyFile(path, nameOf(target));
    expectSame(target, path);
  });

  // On NTFS both have one file id, and a write to the stream changes the last write time of the file.
  test.each([SIZE, 100])(
    'are different when one is a named stream of the other, of %i bytes',
    async (size) => {
      const path = workspace.file(size);
      const bytes = readFileSync(path);
      const report = await stub.odx.copyFile(path, `${path}:Backup`);
      // The system would copy the other streams of the file along.
      expect(report).toMatchObject({ bufferedBytes: BigInt(size), systemBytes: 0n });
      expect(readFileSync(`${path}:Backup`).equals(bytes)).toBe(true);
      await stub.odx.copyFile(`${path}:Backup`, path);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    },
  );

  test.each(['backup', 'BACKUP', 'Backup:$DATA'])(
    'are the same stream Backup and %s, whose names are not case-sensitive',
    async (name) => {
      const path = workspace.file(SIZE, 'source:Backup');
      // Files of this host are case-sensitive, so a link stands for the other spelling.
      const other = join(dirname(path), `source:${name}`);
      symlinkSync(path, other);
      expect(await failureOf(stub.odx.copyFile(path, other))).toBeInstanceOf(InvalidArgumentError);
    },
  );

  test('are one file that changes while a range of it is copied to another file', async () => {
    const path = workspace.file(SIZE);
    const source = await stub.odx.openFile(path, 'r');
    const destination = await stub.odx.openFile(workspace.path(), 'wx');
    const copying = stub.odx.copyRange(source, destination, {
      length: 512,
      onProgress: ({ percent }) => percent === 0 && appendFileSync(path, 'more'),
    });
    expect(await failureOf(copying)).toBeInstanceOf(SourceChangedError);
    await source.close();
    await destination.close();
  });
});
