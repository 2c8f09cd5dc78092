// A program that uses the installed package. Several versions of TypeScript compile it, without the types of Node or the DOM.
import {
  AbortError,
  type ByteCount,
  type ControlCall,
  type ControlKernel,
  type CopyReport,
  copyFile,
  copyFiles,
  createOdx,
  type FilePath,
  type FileSource,
  InvalidArgumentError,
  isSupported,
  type Kernel,
  KernelFailure,
  NativeModuleError,
  type Odx,
  type OdxError,
  type OffloadFile,
  type OffloadReadRequest,
  type OffloadReadResult,
  OffloadToken,
  offloadRead,
  offloadReadSync,
  offloadWrite,
  openFile,
  ProtocolError,
  queryCopyOffload,
  Win32Error,
  zeroRange,
} from 'win-odx';
import { createEmulator, type EmulatedCall, type Emulator } from 'win-odx/emulator';
import { loadKernel32 } from 'win-odx/kernel32';
import { constants, type Layout, layoutOf, statuses, structs } from 'win-odx/structs';

export const emulator: Emulator = createEmulator({
  sectorSize: 4096,
  intercept: ({ name, index }) =>
    name === 'FSCTL_OFFLOAD_READ' && index > 0 ? { status: 0xc000_0465 } : undefined,
});
export const odx: Odx = createOdx({ kernel: emulator });
export const calls: readonly EmulatedCall[] = emulator.calls;
export const kernel: () => Kernel = () => loadKernel32({ kernel32: 'shim.dll' });
export const layouts: Layout[] = [layoutOf('OVERLAPPED'), structs.OVERLAPPED];
export const facts: unknown[] = [constants, statuses, isSupported];

export async function copy(source: FileSource, destination: OffloadFile, length: ByteCount): Promise<bigint> {
  const request: OffloadReadRequest = { copyLength: length, tokenTimeToLive: 30_000 };
  const { token, transferLength }: OffloadReadResult = await offloadRead(source, request);
  const saved: string = token.toBase64();
  const { lengthWritten } = await offloadWrite(destination, {
    token: OffloadToken.from(saved),
    copyLength: transferLength,
  });
  return lengthWritten;
}

export const wrapped: Kernel = {
  ...emulator,
  control: (...parameters) =>
    parameters[1] === 0x9_8268 ? Promise.reject(new KernelFailure(1)) : emulator.control(...parameters),
  files: { ...emulator.files, remove: () => Promise.resolve() },
};
export const withoutFiles: ControlKernel = wrapped;
export const show = ({ name, offset, fingerprint }: ControlCall): string =>
  `${name} ${offset} ${fingerprint}`;
export const paths: FilePath[] = ['D:\\big.vhdx', { href: 'file:///D:/big.vhdx', protocol: 'file:' }];
export const isMissing = (error: unknown): boolean => error instanceof NativeModuleError;

export async function whole(): Promise<(CopyReport | OdxError)[]> {
  const file: OffloadFile = await openFile('a', 'r+', { size: 4096n });
  try {
    await zeroRange(file, { fileOffset: 0, length: file.size });
    const { maximumTransferBytes } = await queryCopyOffload(file);
    const report: CopyReport = await copyFile('a', 'b', { mode: 'require', chunkSize: maximumTransferBytes });
    return [report, ...(await copyFiles([['a', 'b']], { concurrency: 2 }))];
  } catch (error) {
    if (error instanceof Win32Error)
      return [error.errno === 315 && error.action === 'refresh-token' ? error : error];
    if (error instanceof InvalidArgumentError || error instanceof ProtocolError) return [error];
    if (error instanceof AbortError) return [error];
    throw error;
  } finally {
    await file.close();
  }
}

// None of the following compiles.
// @ts-expect-error A blocking call has no signal.
offloadReadSync(3, { copyLength: 512, signal: undefined });
// @ts-expect-error A length is not a string.
void offloadRead(3, { copyLength: '512' });
// @ts-expect-error A path is not a FileSource.
void offloadRead('D:\\big.vhdx', { copyLength: 512 });
// @ts-expect-error Tokens are made by OffloadToken.from().
new OffloadToken(new Uint8Array(512));
// @ts-expect-error 'a+' is not one of the OpenFlags.
void openFile('a', 'a+');
