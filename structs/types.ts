import type { FieldType } from './layout.ts';

// Fixed widths only: Koffi's `ulong` is 8 bytes on Linux, where the layouts have to come out the same.

export const UCHAR: FieldType = { spelling: 'UCHAR', koffi: 'uint8_t' };
export const BYTE: FieldType = { spelling: 'BYTE', koffi: 'uint8_t' };
export const BOOLEAN: FieldType = { spelling: 'BOOLEAN', koffi: 'uint8_t' };
export const USHORT: FieldType = { spelling: 'USHORT', koffi: 'uint16_t' };
export const ULONG: FieldType = { spelling: 'ULONG', koffi: 'uint32_t' };
export const DWORD: FieldType = { spelling: 'DWORD', koffi: 'uint32_t' };
export const ULONGLONG: FieldType = { spelling: 'ULONGLONG', koffi: 'uint64_t' };
export const DWORDLONG: FieldType = { spelling: 'DWORDLONG', koffi: 'uint64_t' };
export const LONGLONG: FieldType = { spelling: 'LONGLONG', koffi: 'int64_t' };

/** A union of one 64-bit integer and its two halves; the integer decides size and alignment. */
export const LARGE_INTEGER: FieldType = { spelling: 'LARGE_INTEGER', koffi: 'int64_t' };

/** Two DWORDs, low half first: 8 bytes that align to 4, unlike a LARGE_INTEGER. */
export const FILETIME: FieldType = { spelling: 'FILETIME', koffi: 'uint32_t', count: 2 };

/** `type[count]`, as a member of a structure. */
export function array(type: FieldType, count: number): FieldType {
  return { spelling: `${type.spelling}[${count}]`, koffi: type.koffi, count };
}

/** An enumeration or a typedef of the headers that takes the place of `type`. */
export function alias(spelling: string, type: FieldType): FieldType {
  return { ...type, spelling };
}
