"""Fetch sets of jars ahead, as an image build does, and print where they lie.

Usage: ``python -m santander.engine.cluster.jars delta s3a``.
"""

import logging
import sys

from santander.engine.cluster.jars import jar_files
from santander.errors import SantanderError

logging.basicConfig(level=logging.INFO, format="%(message)s")
try:
    for path in jar_files(sys.argv[1:] or ["delta"]):
        print(path)
except SantanderError as error:
    sys.exit(f"error: {error}")
