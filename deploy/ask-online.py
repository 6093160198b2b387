"""Ask the online store for customers and hold its answers against the features in the lake.

python deploy/ask-online.py [CUSTOMER_ID ...]     without ids: the first three customers of the served month

Prints the answers as one JSON object; exit code 1 when an answer is missing or differs from the lake.
"""

import json
import sys

import pyarrow as pa
import pyarrow.compute as pc

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import FEATURES_TABLE, ONLINE_FEATURES
from santander.store.access import open_store
from santander.store.serving import read_online


def main(customer_ids: list[int]) -> int:
    """Ask, compare, print; the exit code."""
    settings = Settings.load()
    lake = Lake(settings)
    month = lake.months(ONLINE_FEATURES)[-1]
    table = lake.delta(FEATURES_TABLE).to_pyarrow_table(filters=[("snapshot_date", "=", month.snapshot)])
    asked = customer_ids or sorted(table["customer_id"].to_pylist())[:3]
    answers = read_online(open_store(settings, lake), asked)
    in_lake = table.filter(pc.is_in(table["customer_id"], pa.array(asked, pa.int64()))).sort_by("customer_id")
    same = sorted(answers.to_pylist(), key=lambda row: row["customer_id"]) == in_lake.select(answers.column_names).to_pylist()
    everyone = sorted(answers["customer_id"].to_pylist()) == sorted(asked)
    print(json.dumps({"month": str(month), "same_as_lake": same and everyone, "answers": answers.to_pylist()}, default=str))
    return 0 if same and everyone else 1


if __name__ == "__main__":
    sys.exit(main([int(each) for each in sys.argv[1:]]))
