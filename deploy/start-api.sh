#!/usr/bin/env bash
# Runs the service in the foreground: recommendations over HTTP from the month that 'santander publish' wrote.
#
# LISTEN=host:port; the data folder and the state folder by the usual variables. Another address than loopback needs keys:
# 'docker compose run --rm job keys add NAME --scope read'.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}

exec "$(dirname "$python")/santander" serve --host "${LISTEN%:*}" --port "${LISTEN##*:}"
