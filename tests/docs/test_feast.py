"""docs/feast.md, typed from its first block to its last into one Python, started in the checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from tests.banks import CHECKOUT, OF_THE_USER
from tests.environment import without_settings

PAGE = (CHECKOUT / "docs" / "feast.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|sh run|text shown)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CUSTOMERS = ("15889", "15899")
"""Those of the page, whom a bank of another size does not have."""


@pytest.mark.sample(push=1, of="long verbs")
@pytest.mark.timeout(1200)
def test_every_block_runs_and_shows_what_the_page_says(
    data: Path, session: SparkSession, shows_answers: bool, tmp_path: Path
) -> None:
    assert session, "asked for, so that the page is read on Apache Spark too"
    shutil.copytree(data, tmp_path / "data")  # what is written online is no other test's
    page = PAGE if shows_answers else with_customers_of(data, PAGE)
    typed = "".join(
        {"python": code, "sh run": f"import os; _ = os.system({code!r})\n", "text shown": ""}[kind]
        for kind, code in BLOCK.findall(page)
    )
    folder = str(tmp_path / "data")
    done = subprocess.run(
        [sys.executable, "-i", "-q"], input=typed + "exit()\n", cwd=CHECKOUT, capture_output=True, text=True, timeout=900,
        env=without_settings(*OF_THE_USER) | {"SANTANDER_DATA_DIR": folder, "PATH": path()}, check=True,
    )  # fmt: skip
    assert "Error" not in done.stderr, done.stderr
    assert "are online in sqlite" in done.stdout
    names = re.compile(r"[a-z_]+").findall
    for kind, block in BLOCK.findall(page):
        if kind != "text shown":
            continue
        if shows_answers:
            assert block in done.stdout
        else:
            assert names(block.splitlines()[0]) in [names(line) for line in done.stdout.splitlines()], done.stdout


def with_customers_of(data: Path, page: str) -> str:
    lists = DeltaTable(data / "lake" / "recommendations").to_pyarrow_table(columns=["customer_id"])
    for written, there in zip(CUSTOMERS, pc.unique(lists["customer_id"]).sort().to_pylist(), strict=False):
        page = page.replace(written, str(there))
    return page


def path() -> str:
    return f"{Path(sys.executable).parent}:/usr/bin:/bin"
