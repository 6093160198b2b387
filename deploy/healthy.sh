#!/usr/bin/env bash
# Whether this service answers: asks HEALTH_URL, http://host:port/path, or nobody where that is not set.
set -euo pipefail

[ -n "${HEALTH_URL:-}" ] || exit 0
[[ $HEALTH_URL =~ ^http://([^:/]+):([0-9]+)(/.*)$ ]]
host=${BASH_REMATCH[1]} port=${BASH_REMATCH[2]} path=${BASH_REMATCH[3]}

# by bash alone: it runs every few seconds in every container
exec 2>/dev/null 3<>"/dev/tcp/$host/$port"
printf 'GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$path" "$host" "$port" >&3
read -r -t 4 status <&3
[[ $status == HTTP/1.?\ 200* ]]
