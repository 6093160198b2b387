#!/usr/bin/env bash
# Makes the bucket unless it is there. The server and its account: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
#
#   deploy/make-bucket.sh BUCKET
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

"${PYTHON:-$here/.venv/bin/python}" -c '
import os, sys
from pyarrow.fs import S3FileSystem
server = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], allow_bucket_creation=True)
server.create_dir(sys.argv[1])
' "${1:?which bucket?}"
