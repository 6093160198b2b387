"""A driver of its own: what an engine makes of one and the same registered model, and of one retrieval through Feast.

    spark-submit.sh tests/engines/shared_model.py --data-dir DIR

``run`` on each engine trains a model of its own, so its lists cannot be compared. Here the last month is scored again by
the champion of the registry that SANTANDER_MLFLOW__TRACKING_URI names, then submitted and put online, and the features
of every labelled customer are retrieved into ``DIR/retrieved.parquet``. One session does all: starting one costs seconds.
"""

import sys
from pathlib import Path

import pyarrow.parquet as pq

from santander.config.settings import Settings
from santander.engine.session import open_session
from santander.pipeline.steps import Steps
from santander.schema.catalogue import CUSTOMERS, FEATURES_TABLE
from santander.store.access import retrieve
from santander.store.materialization import materialize_month
from santander.training.labelled import labelled_months
from santander.training.labels import labels


def main(data_dir: str) -> None:
    settings = Settings.load(data_dir=data_dir)
    with open_session(settings) as session:
        steps = Steps(settings, session)
        lake = steps.lake
        month = lake.months(CUSTOMERS)[-1]
        steps.score(month, anyway=True)
        steps.submit(month, anyway=True)
        materialize_month(lake, steps.store, month)
        known = labelled_months(lake)
        labelled = labels(lake.read_months(CUSTOMERS, known), lake.read_months(FEATURES_TABLE, known))
        pq.write_table(retrieve(steps.store, labelled).toArrow(), Path(data_dir) / "retrieved.parquet")


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--data-dir") + 1])
