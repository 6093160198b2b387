#!/usr/bin/env bash
# Runs nginx in the foreground in front of the service, with the configuration beside this file.
#
# TLS_FOLDER holds tls.crt and tls.key, as docs/serving.md says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

for file in tls.crt tls.key; do
  [ -r "$TLS_FOLDER/$file" ] || { echo "error: $TLS_FOLDER/$file is missing or cannot be read: docs/serving.md" >&2; exit 2; }
done
exec nginx -c "$here/nginx.conf" -g 'daemon off;'
