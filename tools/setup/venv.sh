#!/usr/bin/env bash
# Builds .venv from requirements-dev.lock, the generated contracts, and the `lienthong` command.
# Safe to run again; PYTHON chooses the interpreter (3.11 or later).
set -euo pipefail

cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Python 3.11 or later is needed; $python is $("$python" -V 2>&1). Set PYTHON=..." >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  tools/setup/install-apt.sh python3-venv
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
# What the machine had before our first install step; check_fresh.py compares with it.
if command -v apt-mark >/dev/null && [ ! -e .venv/apt-before.txt ]; then
  apt-mark showmanual >.venv/apt-before.txt
fi
if [ ! -x .venv/bin/uv ]; then
  uv=$(grep -oE '^uv==[0-9.]+' requirements-dev.lock)
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
fi
export VIRTUAL_ENV=$PWD/.venv UV_PYTHON_DOWNLOADS=never
.venv/bin/uv pip sync --quiet --require-hashes requirements-dev.lock
.venv/bin/python -m libs.contracts.build
# The sync has taken the project itself out again.
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation -e .
