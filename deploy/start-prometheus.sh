#!/usr/bin/env bash
# Runs Prometheus in the foreground on the workers of the service, with the alerts of deploy/prometheus.
#
# LISTEN=host:port, PROMETHEUS_FOLDER where it keeps what it sees, TARGETS=host:port of each worker's metrics, with blanks between.
set -euo pipefail
: "${LISTEN:?}" "${PROMETHEUS_FOLDER:?}" "${TARGETS:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mkdir -p "$PROMETHEUS_FOLDER/conf"
cp "$here"/prometheus/alerts.yml "$PROMETHEUS_FOLDER/conf/"
targets=$(printf '"%s", ' $TARGETS)
sed "s/\"api:9108\"/${targets%, }/" "$here/prometheus/prometheus.yml" >"$PROMETHEUS_FOLDER/conf/prometheus.yml"
exec prometheus --config.file="$PROMETHEUS_FOLDER/conf/prometheus.yml" --storage.tsdb.path="$PROMETHEUS_FOLDER/data" \
  --storage.tsdb.retention.time=30d --web.listen-address="$LISTEN"
