"""How two tables are held against each other, and how a process is measured. No engine."""

import sys

import pyarrow as pa
import pytest
from checking import first_difference

KEY = ["customer_id"]
OURS = pa.table({"customer_id": [1, 2, 3], "score": [0.5, None, 0.25], "product": ["loan", "taxes", "funds"]})


def _with(column: str, values: list[object]) -> pa.Table:
    return OURS.set_column(OURS.schema.get_field_index(column), column, pa.array(values))


def test_the_order_of_rows_and_how_texts_are_kept_do_not_matter() -> None:
    texts = OURS["product"].dictionary_encode()
    other = OURS.set_column(2, "product", texts).take([2, 0, 1])
    assert first_difference(OURS, other, KEY) is None


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (OURS.slice(0, 2), "2 rows instead of 3"),
        (OURS.drop_columns("product"), "no column product"),
        (_with("product", ["loan", "taxes", "loan"]), "product is loan instead of funds where customer_id 3"),
        (_with("score", [0.5, 0.1, 0.25]), "score is 0.1 instead of None where customer_id 2"),
        (_with("score", [0.5, None, 0.26]), "score is 0.26 instead of 0.25 where customer_id 3"),
        (OURS.set_column(0, "customer_id", OURS["customer_id"].cast("int32")), "customer_id is int32 instead of int64"),
    ],
)
def test_the_first_difference_is_named(other: pa.Table, told: str) -> None:
    assert first_difference(OURS, other, KEY) == told


def test_scores_may_differ_by_less_than_the_tolerance() -> None:
    near = _with("score", [0.5000001, None, 0.25])
    assert first_difference(OURS, near, KEY, tolerance=1e-6) is None
    assert first_difference(OURS, near, KEY) is not None


def test_a_process_is_measured_with_what_it_starts_and_stopped_above_its_limits() -> None:
    measuring = pytest.importorskip("measuring", reason="psutil comes with the extra 'bench'")
    large = "import time; held = b'x' * 300_000_000; time.sleep(0.5); print(len(held))"
    child = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {large!r}], check=True)"]
    run = measuring.measured(child)
    assert run.failure is None
    assert run.output.strip() == "300000000"
    assert run.peak_gb > 0.3
    assert measuring.measured(child, memory_limit_gb=0.2).failure == "stopped above 0.2 GB"
    assert measuring.measured([sys.executable, "-c", "import time; time.sleep(60)"], timeout=1).failure == "stopped after 1 s"
    assert measuring.measured([sys.executable, "-c", "raise ValueError('no rows')"]).failure == "ValueError: no rows"
