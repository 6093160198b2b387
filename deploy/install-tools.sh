#!/usr/bin/env bash
# Makes a folder with uv, the pinned installer that the other install scripts use.
#
#   deploy/install-tools.sh TOOLS
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${1:?which folder?}

"${BASE_PYTHON:-python3}" -m venv --clear "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements/uv.txt"
