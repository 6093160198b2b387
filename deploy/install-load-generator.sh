#!/usr/bin/env bash
# Builds the load generator of 'make bench-serving', vegeta, from its source by 'go install', and prints its path.
#
#   deploy/install-load-generator.sh [FOLDER]       FOLDER takes the program; by default a cache folder of the user
#   deploy/install-load-generator.sh --installed    only prints the path; exit code 1 when it is not there
#
# The first build takes half a minute.
set -euo pipefail

exec "$(dirname "$0")/install-go-program.sh" vegeta v12.13.0 github.com/tsenart/vegeta/v12 \
  "load generator" 1.22 deploy/install-load-generator.sh "$@"
