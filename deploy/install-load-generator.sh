#!/usr/bin/env bash
# Builds the load generator of 'make bench-serving', vegeta, from its source by 'go install', and prints its path.
#
#   deploy/install-load-generator.sh [FOLDER]       FOLDER takes the program; by default a cache folder of the user
#   deploy/install-load-generator.sh --installed    only prints the path; exit code 1 when it is not there
#
# The first build takes half a minute. The Go module proxy and its checksum database vouch for the version.
set -euo pipefail

version=v12.13.0
cache=${SANTANDER_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/santander}
only_look=
if [ "${1:-}" = --installed ]; then
  only_look=yes
  shift
fi
folder=${1:-$cache/vegeta-$version}
program=$folder/vegeta

if [ ! -x "$program" ] || [ "$(cat "$folder/vegeta.version" 2>/dev/null)" != "$version" ]; then
  if [ -n "$only_look" ]; then
    echo "error: no load generator in $folder: run deploy/install-load-generator.sh" >&2
    exit 1
  fi
  if ! command -v go >/dev/null; then
    echo "error: the load generator is built with Go 1.22 (from 1.21 on Go fetches that itself), and there is no go: install it from https://go.dev/dl" >&2
    exit 1
  fi
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  program=$folder/vegeta
  echo "building vegeta $version into $folder, once on this machine" >&2
  CGO_ENABLED=0 GOBIN=$folder GOFLAGS=-trimpath go install "github.com/tsenart/vegeta/v12@$version" >&2
  echo "$version" >"$folder/vegeta.version"
fi
echo "$(cd "$folder" && pwd)/vegeta"
