#!/usr/bin/env bash
# Runs one part of a standalone Spark cluster in the foreground.
#
#   deploy/start-spark.sh master     LISTEN=host:port; workers and drivers must call the master by this very host
#   deploy/start-spark.sh worker     SPARK_MASTER=spark://host:port
#
# Both: LISTEN_UI=port of the page that shows what runs; PYTHON names an environment with the package. The worker takes
# Spark's own SPARK_WORKER_CORES, SPARK_WORKER_MEMORY and SPARK_WORKER_DIR too.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
role=${1:?master or worker?}
python=${PYTHON:-$here/.venv/bin/python}

SPARK_HOME=$("$python" -c 'from santander.engine.cluster.java import spark_home; print(spark_home())')
JAVA_HOME=$("$python" -c 'from santander.engine.cluster.java import find_java_home; print(find_java_home())')
export SPARK_HOME JAVA_HOME

case $role in
  master)
    # a second way in, without a password and on a port of its own, which nothing here uses
    export SPARK_MASTER_OPTS="-Dspark.master.rest.enabled=false ${SPARK_MASTER_OPTS:-}"
    exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master \
      --host "${LISTEN%:*}" --port "${LISTEN##*:}" --webui-port "$LISTEN_UI"
    ;;
  worker)
    exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker --webui-port "$LISTEN_UI" "$SPARK_MASTER"
    ;;
  *)
    echo "error: $role is neither master nor worker" >&2
    exit 2
    ;;
esac
