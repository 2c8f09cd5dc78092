import * as controlCodes from './control-codes.ts';
import * as dsmActions from './dsm-actions.ts';
import * as offloadFlags from './offload-flags.ts';
import * as storageProperties from './storage-properties.ts';
import * as tokenConstants from './token-constants.ts';

/**
 * Every control code, action, flag and token constant under its Windows name.
 *
 * @example
 * constants.FSCTL_OFFLOAD_WRITE // 0x98268
 */
export const constants: Readonly<
  typeof controlCodes &
    typeof dsmActions &
    typeof offloadFlags &
    typeof storageProperties &
    typeof tokenConstants
> = Object.freeze({
  ...controlCodes,
  ...dsmActions,
  ...offloadFlags,
  ...storageProperties,
  ...tokenConstants,
});
