"""The submission of a month in which some hold everything: every customer has a line."""

import datetime as dt
from pathlib import Path

import pytest

from santander.lake.lake import Lake
from santander.pipeline.steps import Steps
from santander.schema.catalogue import RECOMMENDATIONS
from santander.schema.months import Month
from santander.schema.products import PRODUCTS
from santander.scoring.submission import write_submission
from tests.landing_files import landing_file, record

MONTH = Month(2015, 6)


def recommended(customer_id: int, *ranks: int) -> list[dict[str, object]]:
    common = {"customer_id": customer_id, "snapshot_date": dt.date(2015, 6, 28), "model_version": 1, "score": 0.5}
    return [common | {"rank": rank, "product": PRODUCTS[rank].name} for rank in ranks]


@pytest.mark.plan
def test_who_holds_everything_has_an_empty_list(lake: Lake, tmp_path: Path) -> None:
    everything = {product.source: "1" for product in PRODUCTS}
    lines = [record(1, "2015-06"), record(2, "2015-06", **everything), record(3, "2015-06", **everything), record(4, "2015-06")]
    Steps(lake._settings, lake.session).ingest([landing_file(tmp_path / "june.csv", lines)])
    lake.append_rows(RECOMMENDATIONS, [*recommended(1, 1, 2), *recommended(4, 1)])
    path, customers = write_submission(lake, MONTH, tmp_path / "submissions")
    first, second = PRODUCTS[1].source, PRODUCTS[2].source
    assert customers == 4
    assert path.read_text().splitlines() == ["ncodpers,added_products", f"1,{first} {second}", "2,", "3,", f"4,{first}"]
