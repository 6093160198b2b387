#!/usr/bin/env bash
# Builds the S3 server that tests and docker-compose.yml use, versitygw, from its source by 'go install', and prints its path.
#
#   deploy/install-s3-server.sh [FOLDER]       FOLDER takes the program; by default a cache folder of the user
#   deploy/install-s3-server.sh --installed    only prints the path; exit code 1 when it is not there
#
# The first build takes a minute or two.
set -euo pipefail

exec "$(dirname "$0")/install-go-program.sh" versitygw v1.8.0 github.com/versity/versitygw/cmd/versitygw \
  "S3 server" 1.25 deploy/install-s3-server.sh "$@"
