#!/usr/bin/env bash
# Runs the test suite in Windows Node under Wine against the ODX driver.
# Usage: run.sh [--optional] [--coverage] [vitest arguments]; with --optional a machine that cannot have Wine is no failure,
# with --coverage what the tests reach is written to coverage/wine.json.
# Without vitest arguments it runs the tests below; 'test' runs all.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

LIMIT=${WIN_ODX_TIMEOUT:-2400}
# What behaves differently in Windows Node: calls to kernel32, paths, processes, and the emulator on files of Windows. The
# other tests do the same everywhere, and run in Node on this machine.
ON_WINDOWS=(
  test/conformance test/kernel32
  test/cli/interrupt test/cli/startup test/cli/try
  test/calls/file-source test/calls/open-file test/calls/probe
  test/copy/faults test/copy/names
  test/emulator/files test/emulator/valid-data
  test/package/platform test/path.test
)
optional=
if [ "${1:-}" = --optional ]; then
  # CI sets WIN_ODX_WINE=required: there, leaving Wine out is a failure.
  if [ "${WIN_ODX_WINE:-}" != required ]; then optional=1; fi
  shift
fi
coverage=()
if [ "${1:-}" = --coverage ]; then
  coverage=(--coverage --coverage.reportsDirectory=coverage)
  shift
fi

if [ "$(uname -s)" = Linux ]; then lock_prefix; fi
stop_wine_at_exit
prepared=0
WIN_ODX_LOCKED=1 "$HERE/prepare.sh" || prepared=$?
if [ "$prepared" = "$UNAVAILABLE" ] && [ -n "$optional" ]; then
  say '****************************************************************'
  say 'LEFT OUT: nothing was run in Windows Node (the reason is above).'
  say '****************************************************************'
  exit 0
fi
[ "$prepared" = 0 ] || exit "$prepared"
if [ $# = 0 ]; then set -- "${ON_WINDOWS[@]}"; fi
sync_project

export WIN_ODX_KERNEL=driver
cd "$PROJECT"
say 'driver self-test'
windows_node 120 test/wine/smoke.mjs
say 'test suite'
# One file at a time: they share the disks of the driver. Slowly, for the other tests may run beside them.
windows_node "$LIMIT" --expose-gc node_modules/vitest/vitest.mjs run --pool=threads --no-file-parallelism \
  --testTimeout=120000 --reporter=verbose "${coverage[@]}" "$@"
if [ ${#coverage[@]} != 0 ]; then
  mkdir -p "$REPO/coverage"
  cp coverage/coverage-final.json "$REPO/coverage/wine.json"
fi
