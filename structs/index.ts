export * from './all.ts';
export * from './codes.ts';
export { constants } from './constants.ts';
export * from './control-codes.ts';
export { CTL_CODE } from './ctl-code.ts';
export * from './dsm-actions.ts';
export { type ControlCode, controlCodeName, controlCodes } from './explain-control-code.ts';
export { findLayout, structAliases, structs } from './find-layout.ts';
export { hex32 } from './hex32.ts';
export type { Field, Layout } from './layout.ts';
export * from './offload-flags.ts';
export type { NamedCode, Status, StatusAction, Win32Status } from './status.ts';
export {
  ntstatusName,
  statusByName,
  statusByValue,
  statuses,
  statusesByWin32,
  win32ByName,
  win32ByValue,
  win32FromNtstatus,
  win32Name,
  win32Statuses,
} from './statuses.ts';
export { win32Only } from './statuses-win32.ts';
export * from './storage-properties.ts';
export * from './token-constants.ts';
