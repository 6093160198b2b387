#!/usr/bin/env bash
# Builds a program from its source by 'go install', where it is not there already, and prints its path. Called by the scripts that say which.
#
#   deploy/install-go-program.sh PROGRAM VERSION PACKAGE WHAT GO SCRIPT [--installed] [FOLDER]
#
# WHAT the program is and the GO it needs are said where it is missing, with SCRIPT as the remedy. The Go module proxy and its checksum
# database vouch for the version.
set -euo pipefail

name=$1 version=$2 package=$3 what=$4 go=$5 script=$6
shift 6
cache=${SANTANDER_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/santander}
only_look=
if [ "${1:-}" = --installed ]; then
  only_look=yes
  shift
fi
folder=${1:-$cache/$name-$version}

if [ ! -x "$folder/$name" ] || [ "$(cat "$folder/$name.version" 2>/dev/null)" != "$version" ]; then
  if [ -n "$only_look" ]; then
    echo "error: no $what in $folder: run $script" >&2
    exit 1
  fi
  if ! command -v go >/dev/null; then
    echo "error: the $what is built with Go $go (from 1.21 on Go fetches that itself), and there is no go: install it from https://go.dev/dl" >&2
    exit 1
  fi
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  echo "building $name $version into $folder, once on this machine" >&2
  CGO_ENABLED=0 GOBIN=$folder GOFLAGS=-trimpath go install "$package@$version" >&2
  echo "$version" >"$folder/$name.version"
fi
echo "$(cd "$folder" && pwd)/$name"
