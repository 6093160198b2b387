"""A file that tasks write in parts: one order whatever the tasks, and a refusal where the rows have none."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pytest

from santander.errors import SantanderError
from santander.lake.lake import Lake
from santander.lake.parts import write_in_parts

pytestmark = pytest.mark.plan


def spell(pieces: Iterable[pa.Table], out: BinaryIO) -> int:
    """A line for each number."""
    return sum(out.write(b"%d\n" % number) > 0 for piece in pieces for number in piece.column(0).to_pylist())


def test_parts_are_joined_in_order_below_one_header(lake: Lake, tmp_path: Path) -> None:
    rows = lake.session.range(0, 1_000, 1, 4).where("id % 3 = 0")
    assert write_in_parts(tmp_path / "numbers.csv", b"number\n", rows, spell, tmp_path / "parts") == 334
    assert (tmp_path / "numbers.csv").read_bytes() == b"number\n" + b"".join(b"%d\n" % n for n in range(0, 1_000, 3))


def test_a_file_without_rows_has_its_header(lake: Lake, tmp_path: Path) -> None:
    rows = lake.session.range(0, 10, 1, 2).where("id > 10")
    assert write_in_parts(tmp_path / "numbers.csv", b"number\n", rows, spell, tmp_path / "parts") == 0
    assert (tmp_path / "numbers.csv").read_bytes() == b"number\n"


def test_rows_in_no_order_are_refused_and_no_file_appears(lake: Lake, tmp_path: Path) -> None:
    rows = lake.session.range(0, 1_000, 1, 4).selectExpr("id % 250 AS id")
    with pytest.raises(SantanderError, match=r"numbers\.csv: the engine handed its rows out in another order"):
        write_in_parts(tmp_path / "numbers.csv", b"number\n", rows, spell, tmp_path / "parts")
    assert not (tmp_path / "numbers.csv").exists()
