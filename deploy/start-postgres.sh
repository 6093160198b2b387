#!/usr/bin/env bash
# Runs PostgreSQL in the foreground; the first time it makes the user 'mlflow' and its database.
#
# LISTEN=host:port, PGDATA the folder of the database, POSTGRES_PASSWORD the user's. Must not run as root.
set -euo pipefail
: "${LISTEN:?}" "${PGDATA:?}" "${POSTGRES_PASSWORD:?}"

# Debian keeps the server out of PATH: take the latest
if ! command -v postgres >/dev/null; then
  PATH=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1):$PATH
fi

cluster=$PGDATA/cluster
if [ ! -d "$cluster" ]; then
  unfinished=$PGDATA/unfinished
  rm -rf "$unfinished"
  initdb --pgdata="$unfinished" --username=mlflow --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  echo 'host all all all scram-sha-256' >>"$unfinished/pg_hba.conf"
  echo 'CREATE DATABASE mlflow' | postgres --single -D "$unfinished" postgres >/dev/null
  # a start that was cut off before this line begins anew
  mv "$unfinished" "$cluster"
fi

exec postgres -D "$cluster" -p "${LISTEN##*:}" -c "listen_addresses=${LISTEN%:*}" -c unix_socket_directories=
