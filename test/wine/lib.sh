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

sha() { cat -- "$@" | sha256sum | cut -d ' ' -f 1; }

# done_before NAME HASH: true when step NAME was last finished with HASH.
done_before() { [ "$(cat "$CACHE/$1.done" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s' "$2" >"$CACHE/$1.done"; }

# Brings what the tests read into the copy of the project; what the repository no longer has goes.
sync_project() {
  local part
  for part in src structs test dist; do
    rm -rf "${PROJECT:?}/$part"
    if [ -d "$REPO/$part" ]; then cp -R "$REPO/$part" "$PROJECT/$part"; fi
  done
  rm -f "$PROJECT"/tsconfig*.json "$PROJECT"/vitest.config*.ts
  for part in "$REPO"/tsconfig*.json "$REPO"/vitest.config*.ts "$REPO"/package.json; do
    if [ -f "$part" ]; then cp "$part" "$PROJECT/"; fi
  done
}

# windows_node SECONDS ARGS...: runs Windows Node with a time limit and passes its exit code on.
# Its stdout and stderr must be files (a pipe gives EBADF), so two files are followed while they grow.
windows_node() {
  local limit=$1 out err code=0 followers=()
  shift
  out=$(mktemp "$CACHE/out.XXXXXX") err=$(mktemp "$CACHE/err.XXXXXX")
  tail -n +1 -s 0.2 -f "$out" 9>&- & followers+=($!)
  tail -n +1 -s 0.2 -f "$err" >&2 9>&- & followers+=($!)
  timeout -k 5 "$limit" wine "$NODE" "$@" >"$out" 2>"$err" </dev/null 9>&- || code=$?
  sleep 0.5
  kill "${followers[@]}" 2>/dev/null || true
  wait "${followers[@]}" 2>/dev/null || true
  rm -f "$out" "$err"
  [ "$code" != 124 ] || say "stopped after $limit seconds"
  return "$code"
}
