#!/usr/bin/env bash
# Installs what the tests need on Debian and Ubuntu, beside Node.js. The dev container and CI call it too.
set -euo pipefail

packages=(
  g++ gcc                                     # the layout tests, and the stub of kernel32
  gcc-mingw-w64-i686 gcc-mingw-w64-x86-64     # the layout tests for Windows, and the driver
  redis-server                                # the queue of examples/queue.mjs
  tmux                                        # a terminal for the tests of the command
  wine wine64                                 # the tests in Windows Node.js
)
# A browser for the tests of the API site. Ubuntu has it as a snap only, and its runners have Chrome.
if grep -qx 'ID=debian' /etc/os-release; then packages+=(chromium); fi

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" = 0 ]; then exit; fi
as_root apt-get update -qq
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
