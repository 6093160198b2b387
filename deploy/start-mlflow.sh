#!/usr/bin/env bash
# Runs the MLflow server in the foreground: runs and models in PostgreSQL, their files in the bucket.
#
# LISTEN=host:port, BACKEND=postgresql://user@host:port/database with its password in PGPASSWORD, ARTIFACTS=s3://bucket/prefix
# with the AWS variables, ALLOWED_HOSTS=the names that clients may call it by. Clients need none of the passwords: files
# go through the server.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}

export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
# seven processes for background work that nothing here asks for
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
exec "$(dirname "$python")/mlflow" server --host "${LISTEN%:*}" --port "${LISTEN##*:}" --workers "${MLFLOW_WORKERS:-2}" \
  --backend-store-uri "$BACKEND" --serve-artifacts --artifacts-destination "$ARTIFACTS" --allowed-hosts "$ALLOWED_HOSTS"
