#!/usr/bin/env bash
# Runs the service in the foreground: recommendations over HTTP from the month that 'santander publish' wrote.
#
# LISTEN=host:port; LISTEN_METRICS=host:port where worker k answers Prometheus on port + k, without keys; the data folder and the
# state folder by the usual variables. Another address than loopback needs keys: 'docker compose run --rm job keys add NAME --scope read'.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
metrics=${LISTEN_METRICS:-127.0.0.1:9108}

export SANTANDER_SERVING__HTTP__METRICS_HOST=${metrics%:*}
exec "$(dirname "$python")/santander" serve --host "${LISTEN%:*}" --port "${LISTEN##*:}" --metrics-port "${metrics##*:}"
