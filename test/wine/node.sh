#!/usr/bin/env bash
# Runs a script in Windows Node under Wine, with the ODX driver started: node.sh [NODE OPTIONS] SCRIPT [ARGS]
# A relative path is taken from the copy of the project, which is brought up to date first.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ $# = 0 ]; then
  say 'usage: node.sh [NODE OPTIONS] SCRIPT [ARGS]'
  exit 2
fi

lock_prefix
stop_wine_at_exit
WIN_ODX_LOCKED=1 "$HERE/prepare.sh"
sync_project

export WIN_ODX_KERNEL=driver
cd "$PROJECT"
windows_node "${WIN_ODX_TIMEOUT:-0}" "$@"
