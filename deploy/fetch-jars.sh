#!/usr/bin/env bash
# Puts the jars of Delta Lake and of S3 into a cache folder, which SANTANDER_CACHE_DIR names when jobs run.
#
#   deploy/fetch-jars.sh ENVIRONMENT CACHE     ENVIRONMENT comes from install-libraries.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=${1:?which environment?} cache=${2:?which folder?}

# from the source files: an image fetches before the package is installed, so that most changes of code keep its jars
SANTANDER_CACHE_DIR=$cache PYTHONPATH=$here "$environment/bin/python" -m santander.engine.cluster.jars delta s3a >/dev/null
# what was downloaded lies in the cache a second time, as it came
rm -rf "$cache/ivy"
