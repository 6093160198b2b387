#!/usr/bin/env bash
# Makes a Python environment with every library that jobs and services use, pinned and hashed.
#
#   deploy/install-libraries.sh TOOLS ENVIRONMENT     TOOLS comes from install-tools.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${1:?which tools?} environment=${2:?which folder?}

# the Python that made the tools, by its real path: the environment must outlive them
python=$(readlink -f "$tools/bin/python")
"$tools/bin/uv" venv --quiet --clear --python "$python" --no-python-downloads "$environment"
"$tools/bin/uv" pip sync --quiet --require-hashes --python "$environment/bin/python" "$here/requirements/image.txt"
