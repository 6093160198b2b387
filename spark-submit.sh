#!/usr/bin/env bash
# Runs a job on the engine that --master or SANTANDER_MASTER names: Apache Spark, or the embedded engine where it is 'sail'.
#
#   ./spark-submit.sh jobs/VERB.py [options of the verb]
#   SANTANDER_MASTER='local[2]' ./spark-submit.sh jobs/run.py --data-dir /shared/bank
#   ./spark-submit.sh jobs/features.py --master spark://host:7077 --month 2016-06
#
# The job's Python process is the driver; it starts Spark beside itself by Spark's own spark-submit, with the Delta jars, the
# profile of the master, and for a cluster the package and the libraries that workers import.
#
# The options are those of 'santander VERB'. Memory and cores: conf/base/spark/*.conf, or your own in conf/local/spark.
# PYTHON names the driver's Python; the default is .venv of this checkout, which 'make setup' makes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ $# -eq 0 ] || [ "$1" = --help ] || [ "$1" = -h ]; then
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
  [ $# -gt 0 ] || exit 2
  exit 0
fi

job=$1
shift
[ -f "$job" ] || job="$here/$job"
if [ ! -f "$job" ]; then
  cd "$here"
  echo "error: there is no job ${job#"$here"/}; there are:" jobs/[a-z]*.py >&2
  exit 2
fi

python=${PYTHON:-$here/.venv/bin/python}
if ! command -v "$python" >/dev/null; then
  echo "error: there is no $python: run 'make setup' first, or set PYTHON" >&2
  exit 2
fi

exec "$python" "$job" "$@"
