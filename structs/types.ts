import type { FieldType } from './declare.ts';
import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from './token-constants.ts';

// Fixed widths only: Koffi's `ulong` is 8 bytes on Linux, where the layouts have to come out the same.

export const UCHAR: FieldType = { spelling: 'UCHAR', primitive: 'uint8_t' };
export const BYTE: FieldType = { spelling: 'BYTE', primitive: 'uint8_t' };
export const BOOLEAN: FieldType = { spelling: 'BOOLEAN', primitive: 'uint8_t' };
export const USHORT: FieldType = { spelling: 'USHORT', primitive: 'uint16_t' };
export const ULONG: FieldType = { spelling: 'ULONG', primitive: 'uint32_t' };
export const DWORD: FieldType = { spelling: 'DWORD', primitive: 'uint32_t' };
export const ULONGLONG: FieldType = { spelling: 'ULONGLONG', primitive: 'uint64_t' };
export const DWORDLONG: FieldType = { spelling: 'DWORDLONG', primitive: 'uint64_t' };
export const LONGLONG: FieldType = { spelling: 'LONGLONG', primitive: 'int64_t' };

/** A union of one 64-bit integer and its two halves; the integer decides size and alignment. */
export const LARGE_INTEGER: FieldType = { spelling: 'LARGE_INTEGER', primitive: 'int64_t' };

/** Two DWORDs, low half first: 8 bytes that align to 4, unlike a LARGE_INTEGER. */
export const FILETIME: FieldType = { spelling: 'FILETIME', primitive: 'uint32_t', count: 2 };

/** A STORAGE_OFFLOAD_TOKEN: 512 bytes that align to 1. */
export const TOKEN: FieldType = {
  spelling: 'STORAGE_OFFLOAD_TOKEN',
  primitive: 'uint8_t',
  count: STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
};

/** `type[count]`, as a member of a structure. */
export function array(type: FieldType, count: number): FieldType {
  return { spelling: `${type.spelling}[${count}]`, primitive: type.primitive, count };
}

/** An enumeration or a typedef of the headers that takes the place of `type`. */
export function alias(spelling: string, type: FieldType): FieldType {
  return { ...type, spelling };
}
