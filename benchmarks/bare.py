"""The least that the landing files can cost: ``python benchmarks/bare.py default|strings FILE…`` parses them with Arrow.

Prints one JSON object with the seconds in this process.
"""

import json
import sys
import time
from pathlib import Path


def main() -> None:
    """Parse the files as Arrow does by default, or all columns as texts."""
    import pyarrow as pa
    from pyarrow import csv

    kind, files = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    started = time.monotonic()
    rows = 0
    for file in files:
        options = csv.ConvertOptions()
        if kind == "strings":
            with file.open(encoding="utf-8") as lines:
                names = [name.strip().strip('"') for name in lines.readline().split(",")]
            options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        rows += csv.read_csv(file, convert_options=options).num_rows
    print(json.dumps({"seconds": round(time.monotonic() - started, 3), "rows": rows}))


if __name__ == "__main__":
    main()
