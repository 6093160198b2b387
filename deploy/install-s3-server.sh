#!/usr/bin/env bash
# Builds the S3 server that tests and docker-compose.yml use, versitygw, from its source by 'go install', and prints its path.
#
#   deploy/install-s3-server.sh [FOLDER]       FOLDER takes the program; by default a cache folder of the user
#   deploy/install-s3-server.sh --installed    only prints the path; exit code 1 when it is not there
#
# The first build takes a minute or two. The Go module proxy and its checksum database vouch for the version.
set -euo pipefail

version=v1.8.0
cache=${SANTANDER_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/santander}
only_look=
if [ "${1:-}" = --installed ]; then
  only_look=yes
  shift
fi
folder=${1:-$cache/versitygw-$version}
program=$folder/versitygw

if [ ! -x "$program" ] || [ "$(cat "$folder/versitygw.version" 2>/dev/null)" != "$version" ]; then
  if [ -n "$only_look" ]; then
    echo "error: no S3 server in $folder: run deploy/install-s3-server.sh" >&2
    exit 1
  fi
  if ! command -v go >/dev/null; then
    echo "error: the S3 server is built with Go 1.25 (from 1.21 on Go fetches that itself), and there is no go: install it from https://go.dev/dl" >&2
    exit 1
  fi
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  program=$folder/versitygw
  echo "building versitygw $version into $folder, once on this machine" >&2
  CGO_ENABLED=0 GOBIN=$folder GOFLAGS=-trimpath go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
  echo "$version" >"$folder/versitygw.version"
fi
echo "$(cd "$folder" && pwd)/versitygw"
