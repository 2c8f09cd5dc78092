# Sourced by the scripts of this folder: where things are kept and how Windows Node is started.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$HERE/../.." && pwd)
CACHE=${WIN_ODX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/win-odx}
PROJECT=$CACHE/project
NODE_VERSION=22.23.3
NODE=$CACHE/node-$NODE_VERSION/package/bin/node.exe

export WINEPREFIX=$CACHE/prefix WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all}
# Wine would otherwise offer to download Mono and Gecko, which nothing here needs.
export WINEDLLOVERRIDES='mscoree=;mshtml='
unset DISPLAY WAYLAND_DISPLAY
# Node on Windows takes every output for a terminal with colours.
if [ ! -t 1 ]; then export NO_COLOR=1; fi
# Exit code of prepare.sh where Wine cannot be had at all.
UNAVAILABLE=69

say() { printf 'wine: %s\n' "$*" >&2; }

# The prefix, the driver and its state are one resource: one run at a time holds it (file descriptor 9).
lock_prefix() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  if ! flock -n 9; then
    say "another run uses $CACHE; waiting for it"
    flock 9
  fi
}

# Descriptor 9 is closed for every Wine process: the wineserver outlives the script and would keep the lock.
in_wine() { wine "$@" </dev/null 9>&-; }

stop_wine() { wineserver -k 9>&- 2>/dev/null || true; }

stop_wine_at_exit() {
  trap stop_wine EXIT
  trap 'exit 130' INT TERM
}

sha() { cat -- "$@" | sha256sum | cut -d ' ' -f 1; }

# done_before NAME HASH: true when step NAME was last finished with HASH.
done_before() { [ "$(cat "$CACHE/$1.done" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s' "$2" >"$CACHE/$1.done"; }

# Brings the working tree into the copy of the project; what the repository no longer has goes.
sync_project() {
  find "$PROJECT" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
  # tar answers 1 when a file changed while it was read.
  { tar -C "$REPO" --exclude=node_modules --exclude=./docs/site --exclude='./.*' -cf - . || [ $? = 1 ]; } | tar -C "$PROJECT" -xf -
}

# windows_node SECONDS ARGS...: runs Windows Node with a time limit (0: none) and passes its exit code on.
# Its stdout and stderr must be files (a pipe gives EBADF), so two files are followed while they grow.
windows_node() {
  local limit=$1 out=$CACHE/stdout err=$CACHE/stderr pid code=0
  shift
  : >"$out" >"$err"
  # In the background, for bash handles a signal only while it waits.
  timeout --foreground -k 5 "$limit" wine "$NODE" "$@" >>"$out" 2>>"$err" </dev/null 9>&- &
  pid=$!
  tail -n +1 -s 0.1 --pid=$pid -f "$out" 9>&- &
  tail -n +1 -s 0.1 --pid=$pid -f "$err" >&2 9>&- &
  wait $pid || code=$?
  wait
  if [ "$code" = 124 ] || [ "$code" = 137 ]; then say "stopped after $limit seconds"; fi
  return "$code"
}
