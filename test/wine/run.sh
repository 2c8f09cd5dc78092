#!/usr/bin/env bash
# Runs the test suite in Windows Node under Wine against the ODX driver.
# Usage: run.sh [--optional] [vitest arguments]; with --optional a machine that cannot have Wine is no failure.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

LIMIT=${WIN_ODX_TIMEOUT:-600}
optional=
if [ "${1:-}" = --optional ]; then
  optional=1
  shift
fi

lock_prefix
trap stop_wine EXIT
if ! WIN_ODX_LOCKED=1 "$HERE/prepare.sh"; then
  if [ -z "$optional" ]; then exit 1; fi
  say '***************************************************************'
  say 'LEFT OUT: nothing was run in Windows Node (see the reason above)'
  say '***************************************************************'
  exit 0
fi
sync_project

export WIN_ODX_KERNEL=driver
cd "$PROJECT"
say 'driver self-test'
windows_node 120 test/wine/smoke.mjs
say 'test suite'
windows_node "$LIMIT" node_modules/vitest/vitest.mjs run --pool=threads --reporter=verbose "$@"
