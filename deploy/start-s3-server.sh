#!/usr/bin/env bash
# Runs the S3 server over the files of a folder, in the foreground.
#
# LISTEN=host:port, S3_FOLDER where the objects lie, ROOT_ACCESS_KEY_ID and ROOT_SECRET_ACCESS_KEY the one account.
# S3_SERVER names the program that install-s3-server.sh made.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

mkdir -p "$S3_FOLDER"
exec "${S3_SERVER:-$here/s3/versitygw}" --port "$LISTEN" --region "${AWS_REGION:-us-east-1}" --health /health \
  --quiet posix "$S3_FOLDER"
