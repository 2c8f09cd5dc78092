/**
 * Windows copy offload (ODX) for Node.js.
 *
 * You write `offloadRead` and `offloadWrite`; you do not write structures, alignment checks, OVERLAPPED or error tables.
 * Not here: SCSI pass-through, ReFS block cloning, and anything that would make a volume offload which does not.
 *
 * @module
 */
export type { Signal } from './abort.ts';
export { type CopyFileOptions, type CopyProgress, type CopyReport, copyFile } from './api/copy-file.ts';
export { type CopyFilesOptions, copyFiles } from './api/copy-files.ts';
export { type DsmOffloadReadResult, dsmOffloadRead, dsmOffloadReadSync } from './api/dsm-offload-read.ts';
export { type DsmOffloadWriteResult, dsmOffloadWrite, dsmOffloadWriteSync } from './api/dsm-offload-write.ts';
export type { FileSource } from './api/file-source.ts';
export { createOdx, type Odx } from './api/odx.ts';
export { OffloadFile } from './api/offload-file.ts';
export { type OffloadReadResult, offloadRead, offloadReadSync } from './api/offload-read.ts';
export { type OffloadWriteResult, offloadWrite, offloadWriteSync } from './api/offload-write.ts';
export { openFile, openFileSync } from './api/open-file.ts';
export { type ProbeReport, probe } from './api/probe.ts';
export { type CopyOffload, queryCopyOffload } from './api/query-copy-offload.ts';
export { type ZeroRangeRequest, type ZeroRangeResult, zeroRange } from './api/zero-range.ts';
export {
  AbortError,
  type ArgumentIssue,
  InvalidArgumentError,
  OdxError,
  ProtocolError,
  SourceChangedError,
  UnsupportedPlatformError,
  Win32Error,
} from './errors.ts';
export { type Explanation, explainStatus } from './explain-status.ts';
export type { Kernel } from './kernel/kernel.ts';
export { isSupported } from './kernel/supported.ts';
export type { ByteCount } from './schema/byte-count.ts';
export type {
  DataSetRange,
  DsmOffloadReadRequest,
  DsmOffloadReadSyncRequest,
  DsmOffloadWriteRequest,
  DsmOffloadWriteSyncRequest,
} from './schema/dsm.ts';
export type { OffloadReadRequest, OffloadReadSyncRequest } from './schema/offload-read.ts';
export type { OffloadWriteRequest, OffloadWriteSyncRequest } from './schema/offload-write.ts';
export type { OpenFileOptions, OpenFlags } from './schema/open-file.ts';
export { OffloadToken } from './token.ts';
