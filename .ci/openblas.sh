#!/usr/bin/env bash
# Puts OpenBLAS where the linker finds it: on Debian and Ubuntu it is installed, elsewhere one sentence says how.
set -euo pipefail

found() { printf 'int main(void){return 0;}' | "${CC:-cc}" -x c - -lopenblas -o /dev/null 2>/dev/null; }

found && exit 0
if command -v apt-get >/dev/null; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo 'OpenBLAS is missing: as root, apt-get install libopenblas-dev' >&2; exit 2; }
    as_root=(sudo)
  fi
  echo 'installing libopenblas-dev, for continuous worlds' >&2
  packages=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  "${as_root[@]}" "${packages[@]}" update >/dev/null
  "${as_root[@]}" "${packages[@]}" install -y --no-install-recommends libopenblas-dev >/dev/null
  found && exit 0
fi
echo 'OpenBLAS is missing: install it (brew install openblas, dnf install openblas-devel) and see that the linker finds -lopenblas' >&2
exit 2
