/**
 * The structures, control codes, constants and statuses of copy offload, as plain data. Works on every OS.
 *
 * @module win-odx/structs
 */
import { findLayout, type Layout, structAliases, structs } from '../structs/index.ts';
import { describeValue, nearestName } from './describe.ts';
import { InvalidArgumentError } from './errors.ts';

export {
  type Constants,
  type ControlCode,
  type ControlCodeName,
  constants,
  controlCodes,
  type Field,
  type Layout,
  type NamedCode,
  type Status,
  type StatusAction,
  type Structs,
  statuses,
  structs,
  type Win32Status,
  win32Statuses,
} from '../structs/index.ts';

/**
 * Returns the layout of a Windows structure.
 *
 * @param name its Windows name, `FSCTL_OFFLOAD_WRITE_INPUT`, or an alias of the headers, `DEVICE_DSM_INPUT`.
 * @returns size, alignment and fields, all in bytes: frozen, plain data.
 * @throws {InvalidArgumentError} if the name is unknown; the message suggests the nearest one.
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/
 *
 * @example
 * layoutOf('FSCTL_OFFLOAD_WRITE_INPUT').size // 544
 */
export function layoutOf(name: string): Layout {
  const layout = typeof name === 'string' ? findLayout(name) : undefined;
  if (layout === undefined) throw new InvalidArgumentError([{ path: 'name', message: unknownName(name) }]);
  return layout;
}

function unknownName(name: unknown): string {
  if (typeof name !== 'string') {
    return `name must be the Windows name of a structure, such as 'FSCTL_OFFLOAD_READ_INPUT', not ${describeValue(name)}.`;
  }
  const near = nearestName(name, [...Object.keys(structs), ...Object.keys(structAliases)]);
  const hint = near === undefined ? 'The keys of structs are the known names.' : `Did you mean ${near}?`;
  return `name ${describeValue(name)} is not a known structure. ${hint}`;
}
