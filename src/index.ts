/**
 * Windows copy offload (ODX) for Node.js.
 *
 * You write `offloadRead` and `offloadWrite`; you do not write structures, alignment checks, OVERLAPPED or error tables.
 * Not here: SCSI pass-through, ReFS block cloning, and anything that would make a volume offload which does not.
 *
 * @module
 */
export type { NamedCode, StatusAction } from '../structs/index.ts';
export type { ByteCount } from './byte-count.ts';
export { type CopyFileOptions, type CopyProgress, type CopyReport, copyFile } from './copy/copy-file.ts';
export { type CopyFilesOptions, copyFiles } from './copy/copy-files.ts';
export type { CopyFallback } from './copy/report.ts';
export { type CopyOffload, queryCopyOffload } from './copy-offload.ts';
export type { DataSetRange } from './dsm.ts';
export {
  type DsmOffloadReadRequest,
  type DsmOffloadReadResult,
  type DsmOffloadReadSyncRequest,
  dsmOffloadRead,
  dsmOffloadReadSync,
} from './dsm-offload-read.ts';
export {
  type DsmOffloadWriteRequest,
  type DsmOffloadWriteResult,
  type DsmOffloadWriteSyncRequest,
  dsmOffloadWrite,
  dsmOffloadWriteSync,
} from './dsm-offload-write.ts';
export {
  AbortError,
  type ArgumentIssue,
  type CallContext,
  InvalidArgumentError,
  NativeModuleError,
  OdxError,
  ProtocolError,
  type Sentence,
  SourceChangedError,
  UnsupportedPlatformError,
  Win32Error,
} from './errors.ts';
export { type Explanation, explainStatus } from './explain-status.ts';
export type { FileSource } from './file-source.ts';
export { isSupported } from './kernel/default-kernel.ts';
export type { CopyOffloadDescriptor } from './kernel/device-queries.ts';
export {
  type ControlKernel,
  type Disposition,
  type FileInfo,
  type FileKernel,
  type FilterInfo,
  type IoBuffers,
  type Kernel,
  KernelFailure,
  type OpenRequest,
  type Sharing,
  type VolumeInfo,
} from './kernel/kernel.ts';
export { createOdx, type Odx } from './odx.ts';
export { OffloadFile } from './offload-file.ts';
export {
  type OffloadReadRequest,
  type OffloadReadResult,
  type OffloadReadSyncRequest,
  offloadRead,
  offloadReadSync,
} from './offload-read.ts';
export {
  type OffloadWriteRequest,
  type OffloadWriteResult,
  type OffloadWriteSyncRequest,
  offloadWrite,
  offloadWriteSync,
} from './offload-write.ts';
export { type OpenFileOptions, type OpenFlags, openFile, openFileSync } from './open-file.ts';
export type { FilePath, FileUrl } from './path.ts';
export { type ProbeReport, probe } from './probe/probe.ts';
export type { Signal } from './signal.ts';
export { OffloadToken } from './token.ts';
export type { ControlCall } from './trace.ts';
export { type ZeroRangeRequest, type ZeroRangeResult, zeroRange } from './zero-range.ts';
