"""Two small banks that many tests read: a clean one with everything written, and the same with dirt."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from santander.synthetic import BankReport, BankSpec, generate

CUSTOMERS, SEED, DIRTY_SHARE = 3_000, 12, 0.02


@dataclass(frozen=True)
class WrittenBank:
    report: BankReport

    @property
    def folder(self) -> Path:
        return self.report.spec.out

    @cached_property
    def train(self) -> list[str]:
        """The lines of the train file after its header, without line ends; read as bytes, as a lone carriage return is no end."""
        return (self.folder / "train_ver2.csv").read_bytes().decode().split("\n")[1:-1]

    @cached_property
    def test(self) -> list[str]:
        return (self.folder / "test_ver2.csv").read_bytes().decode().split("\n")[1:-1]


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> WrittenBank:
    out = tmp_path_factory.mktemp("clean")
    return WrittenBank(generate(BankSpec(out=out, customers=CUSTOMERS, seed=SEED, monthly=True)))


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> WrittenBank:
    out = tmp_path_factory.mktemp("dirty")
    return WrittenBank(generate(BankSpec(out=out, customers=CUSTOMERS, seed=SEED, dirty_share=DIRTY_SHARE, propensity=False)))
