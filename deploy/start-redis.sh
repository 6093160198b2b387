#!/usr/bin/env bash
# Runs Redis in the foreground, with a password.
#
# LISTEN=host:port, REDIS_FOLDER where it saves, REDIS_PASSWORD.
set -euo pipefail
: "${REDIS_PASSWORD:?}"

# from a pipe, because the list of processes shows everyone what stands on a command line
exec redis-server - <<CONF
bind ${LISTEN%:*}
port ${LISTEN##*:}
dir $REDIS_FOLDER
requirepass $REDIS_PASSWORD
save 300 1
CONF
