import * as all from './all.ts';
import type { Layout } from './layout.ts';

/**
 * Every structure under its Windows name.
 *
 * @example
 * structs.FSCTL_OFFLOAD_WRITE_INPUT.size // 544
 */
export const structs: Readonly<typeof all> = Object.freeze({ ...all });

/** Second names that the headers give to a structure. */
export const structAliases: Readonly<Record<string, keyof typeof all>> = Object.freeze({
  DEVICE_DSM_INPUT: 'DEVICE_MANAGE_DATA_SET_ATTRIBUTES',
  DEVICE_DSM_RANGE: 'DEVICE_DATA_SET_RANGE',
  DEVICE_DSM_OUTPUT: 'DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT',
});

/** The layout of a structure by its Windows name or by an alias; undefined where there is none. */
export function findLayout(name: string): Layout | undefined {
  const own = Object.hasOwn(structAliases, name) ? structAliases[name] : name;
  return own !== undefined && Object.hasOwn(structs, own) ? structs[own as keyof typeof all] : undefined;
}
