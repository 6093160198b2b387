"""One step of one peer, in a process of its own: ``python -m peers.run PEER STEP --raw … --work …``.

Prints one JSON object: the seconds of the step in this process, imports left out, and those of its parts if it says so.
"""

import argparse
import importlib
import json
import time
from pathlib import Path

PEERS = ("polars_lazy", "duckdb_sql", "pandas_script", "pyspark_local")
STEPS = ("ingest", "features", "month", "training_set", "scoring")


def main() -> None:
    """Run the step on the peer's own tables below ``--work``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--work", type=Path, required=True, help="folder of the peer's own tables")
    parser.add_argument("--raw", type=Path, help="folder of the landing files")
    parser.add_argument("--months", nargs="+", default=[], help="months of the training set, or the one month")
    parser.add_argument("--model", type=Path, help="folder of the booster and what it says of its columns")
    asked = parser.parse_args()
    module = importlib.import_module(f"peers.{asked.peer}.{'features' if asked.step == 'month' else asked.step}")
    work: Path = asked.work
    started = time.monotonic()
    parts: dict[str, float] | None = None
    match asked.step:
        case "ingest":
            module.ingest(asked.raw, work)
        case "features":
            module.features(work / "customers", work / "features", None)
        case "month":
            module.features(work / "customers", work / "month", asked.months)
        case "training_set":
            module.training_set(work / "customers", work / "features", asked.months, work / "training_set.parquet")
        case _:
            [month] = asked.months
            parts = module.scoring(work / "features", month, asked.model, work / "recommendations.parquet")
    print(json.dumps({"seconds": round(time.monotonic() - started, 3), "parts": parts or {}}))


if __name__ == "__main__":
    main()
