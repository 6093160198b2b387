#!/usr/bin/env bash
# Runs a verb on the cluster that the environment names: deploy/run-job.sh run --month 2016-06
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
verb=${1:---help}
[ $# -eq 0 ] || shift

case $verb in
  -*) exec "$here/spark-submit.sh" --help ;;
  *) exec "$here/spark-submit.sh" "jobs/${verb//-/_}.py" "$@" ;;
esac
