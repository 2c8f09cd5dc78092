/**
 * Windows copy offload (ODX) for Node.js.
 *
 * You call `offloadRead` and `offloadWrite`; structures, alignment checks, OVERLAPPED and error tables are done for you.
 * Not included: SCSI pass-through, ReFS block cloning, and support for volumes that cannot offload.
 *
 * @module win-odx
 */
export type { NamedCode, StatusAction } from '../structs/index.ts';
export type { ByteCount } from './byte-count.ts';
export { copyFile } from './copy/copy-file.ts';
export { type CopyPair, copyFiles } from './copy/copy-files.ts';
export { type CopyRangeOptions, copyRange } from './copy/copy-range.ts';
export type { CopyFileOptions, CopyFilesOptions } from './copy/options.ts';
export type { CopyFallback, CopyProgress, CopyReport, OnProgress, VerifiedFrom } from './copy/progress.ts';
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
  type FoundFile,
  type IoBuffers,
  type Kernel,
  KernelFailure,
  type OpenRequest,
  type Sharing,
  type SystemCopyRequest,
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
export {
  type TrialEnvironment,
  type TrialProgress,
  type TrialReport,
  type TrialStep,
  type TrialStepName,
  type TrialTiming,
  type TrialVolume,
  type TryOffloadOptions,
  tryOffload,
} from './probe/try-offload.ts';
export type { Signal } from './signal.ts';
export { OffloadToken } from './token.ts';
export type { ControlCall } from './trace.ts';
export { type ZeroRangeRequest, type ZeroRangeResult, zeroRange } from './zero-range.ts';
