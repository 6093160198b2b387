#!/usr/bin/env bash
# Installs this package into an environment, as a wheel with its settings and its feature repository inside.
#
#   deploy/install-package.sh TOOLS ENVIRONMENT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${1:?which tools?} environment=${2:?which environment?}

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
# what builds the wheel is pinned and hashed as well
"$tools/bin/uv" build --quiet --wheel --require-hashes --build-constraints "$here/requirements/all.txt" \
  --python "$environment/bin/python" --out-dir "$wheels" "$here"
"$tools/bin/uv" pip install --quiet --no-deps --reinstall --python "$environment/bin/python" "$wheels"/*.whl
