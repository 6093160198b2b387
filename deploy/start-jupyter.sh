#!/usr/bin/env bash
# Runs Jupyter Lab on the notebooks in the foreground. LISTEN=host:port, JUPYTER_TOKEN what the browser must give.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
: "${JUPYTER_TOKEN:?}"

options=()
# in a container nobody is root; elsewhere it is the choice of whoever starts this
[ "$(id -u)" -ne 0 ] || options+=(--allow-root)
exec "$(dirname "$python")/jupyter" lab "${options[@]}" --no-browser --ip="${LISTEN%:*}" --port="${LISTEN##*:}" --ServerApp.port_retries=0 \
  --ServerApp.root_dir="$here/notebooks"
