import * as constantModule from './constants.ts';
import * as controlCodeModule from './control-codes.ts';
import * as disk from './disk.ts';
import * as dsm from './dsm.ts';
import * as fileInformation from './file-information.ts';
import * as filter from './filter.ts';
import type { Layout } from './layout.ts';
import * as offloadRead from './offload-read.ts';
import * as offloadWrite from './offload-write.ts';
import * as overlapped from './overlapped.ts';
import * as storageProperty from './storage-property.ts';
import * as token from './token.ts';

export * from './codes.ts';
export * from './constants.ts';
export * from './control-codes.ts';
export * from './disk.ts';
export * from './dsm.ts';
export * from './file-information.ts';
export * from './filter.ts';
export type { Field, Layout } from './layout.ts';
export * from './legacy-filter.ts';
export * from './offload-read.ts';
export * from './offload-write.ts';
export * from './overlapped.ts';
export * from './statuses.ts';
export * from './storage-property.ts';
export * from './token.ts';

/**
 * The type of {@link structs}: a layout under each Windows name.
 *
 * @interface
 */
export type Structs = typeof disk &
  typeof dsm &
  typeof fileInformation &
  typeof filter &
  typeof offloadRead &
  typeof offloadWrite &
  typeof overlapped &
  typeof storageProperty &
  typeof token;

/**
 * Every structure under its Windows name.
 *
 * @example
 * structs.FSCTL_OFFLOAD_WRITE_INPUT.size // 544
 */
export const structs: Readonly<Structs> = Object.freeze({
  ...disk,
  ...dsm,
  ...fileInformation,
  ...filter,
  ...offloadRead,
  ...offloadWrite,
  ...overlapped,
  ...storageProperty,
  ...token,
});

/** Other names that the headers give to a structure. */
export const structAliases: Readonly<Record<string, keyof Structs>> = Object.freeze({
  DEVICE_DSM_INPUT: 'DEVICE_MANAGE_DATA_SET_ATTRIBUTES',
  DEVICE_DSM_RANGE: 'DEVICE_DATA_SET_RANGE',
  DEVICE_DSM_OUTPUT: 'DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT',
});

/** The layout of a structure by its Windows name or an alias, or undefined if the name is unknown. */
export function findLayout(name: string): Layout | undefined {
  const known = Object.hasOwn(structAliases, name) ? structAliases[name] : name;
  return known !== undefined && Object.hasOwn(structs, known) ? structs[known as keyof Structs] : undefined;
}

/** The Windows names of the control codes. */
export type ControlCodeName = Extract<keyof typeof controlCodeModule, `FSCTL_${string}` | `IOCTL_${string}`>;

/**
 * The type of {@link constants}: a number under each Windows name.
 *
 * @interface
 */
export type Constants = typeof constantModule & Pick<typeof controlCodeModule, ControlCodeName>;

/**
 * Every control code, action, flag and token constant under its Windows name.
 *
 * @example
 * constants.FSCTL_OFFLOAD_WRITE // 0x98268
 */
export const constants: Readonly<Constants> = Object.freeze({
  ...constantModule,
  ...(Object.fromEntries(controlCodeModule.controlCodes.map(({ name, value }) => [name, value])) as Record<
    ControlCodeName,
    number
  >),
});
