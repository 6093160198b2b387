"""Do chances hold across customers? What a version gives, against the known chances of synthetic banks.

    python benchmarks/chances.py --folder /big/disk/chances                       # three seeds at full size: half an hour
    python benchmarks/chances.py --folder /tmp/chances --customers 20000 --seeds 1

Each bank is made, trained on and scored by the commands that everybody runs, in a folder of its own that is kept: what is done
is not done again. Judged are the listed pairs of customer and product of two months: the gate month, by the fit that has not
seen it, and the month after. Shape is judged after each product is brought to its true total, level by what the month's rows of
``expected_additions`` say. What is true is the expectation by the known chances, so no draw of a bank blurs it. The month after
is judged once more on a third of its customers, as they are and with their inputs shifted (shifted_month.py).
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from contestants import santander
from deltalake import DeltaTable
from reasons import drawn
from shifted_month import listed_pairs, shifted

from santander.config.settings import Settings
from santander.lake.added import known_additions
from santander.lake.lake import Lake
from santander.registry.champion import sound_champion
from santander.registry.versions import load_version
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS, PRODUCT_NAMES

GATE, TARGET = Month(2016, 5), Month(2016, 6)
ENOUGH = 500
"""Additions that a product is expected to have in the month to be judged for itself."""
GROUPS = 20
GOALS = {
    "slope": "0.95 to 1.05",
    "worst error of a product": "at most 0.10",
    "top 1 %": "at least 0.97",
    "top 5 %": "at least 0.97",
    "error of level": "that of the better naive rate",
    "truth in interval": "at least 0.90",
}

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Pairs of customer and product: the chance given, the true one, and the bit of the product."""

    given: Numbers
    true: Numbers
    product: npt.NDArray[np.int64]

    @classmethod
    def of(cls, data: Path, month: Month) -> "Pairs":
        """The listed pairs of a scored month, of customers with a row in the month before."""
        table = DeltaTable(str(data / "lake" / "recommendations")).to_pyarrow_dataset()
        rows = table.to_table(columns=["customer_id", "product", "chance"], filter=pc.field("snapshot_date") == month.snapshot)
        chances = pq.read_table(data / "raw" / "propensity" / f"{month}.parquet").sort_by("customer_id")
        known = chances.filter(pc.is_valid(chances["owned"]))
        place = pc.index_in(rows["customer_id"], value_set=known["customer_id"].combine_chunks())
        kept = rows.filter(pc.is_valid(place))
        product = pc.index_in(kept["product"].cast(pa.string()), value_set=pa.array(PRODUCT_NAMES)).to_numpy().astype(np.int64)
        true = known["propensity"].combine_chunks().flatten().to_numpy().reshape(-1, N_PRODUCTS)
        return cls(kept["chance"].to_numpy(), true[place.drop_null().to_numpy(), product].astype(np.float64), product)

    def levelled(self) -> "Pairs":
        """The pairs, each product's chances scaled to its true total."""
        given, true = self._totals(self.given), self._totals(self.true)
        scale = np.divide(true, given, out=np.ones(N_PRODUCTS), where=given > 0)
        return Pairs(self.given * scale[self.product], self.true, self.product)

    def top(self, share: float) -> float:
        """What the best pairs by the chances given hold, over what the best by the true ones do."""
        most = max(int(len(self.true) * share), 1)
        held = (self.true[np.argpartition(-by, most - 1)[:most]].sum() for by in (self.given, self.true))
        return float(next(held) / next(held))

    def slope(self, start: float = 1.0) -> float:
        """The slope of a Poisson regression of the truth on log chance, with a level for each product, by Newton's method."""
        slope = start
        for _ in range(10):
            first = second = 0.0
            for log, true in self._large(np.log(np.maximum(self.given, 1e-12))):
                mean = np.exp(slope * (log - log.max()))
                mean *= true.sum() / mean.sum()
                off_center = log - (mean * log).sum() / mean.sum()
                first += float(((true - mean) * off_center).sum())
                second += float((mean * off_center**2).sum())
            slope += first / second
        return slope

    def errors(self) -> list[float]:
        """The calibration error of each large product over equal groups of pairs, as a share of its total."""
        found = []
        for given, true in self._large(self.given):
            groups = np.array_split(np.argsort(-given), GROUPS)
            found.append(sum(abs(float(given[group].sum() - true[group].sum())) for group in groups) / float(true.sum()))
        return found

    def _totals(self, values: Numbers) -> Numbers:
        return np.bincount(self.product, weights=values, minlength=N_PRODUCTS)

    def _large(self, values: Numbers) -> list[tuple[Numbers, Numbers]]:
        chosen = np.flatnonzero(self._totals(self.true) > ENOUGH)
        return [(values[within], self.true[within]) for within in (self.product == bit for bit in chosen)]


def level(data: Path, month: Month) -> tuple[float, float, float]:
    """Return absolute errors of products as a share of all additions, ours and of the better naive rate; truth in intervals."""
    table = DeltaTable(str(data / "lake" / "expected_additions")).to_pyarrow_table().to_pylist()
    rows = {row["product"]: row for row in table if row["snapshot_date"] == month.snapshot}
    known = pq.read_table(data / "raw" / "propensity" / f"{month}.parquet", columns=["owned", "propensity"])
    counted = known.filter(pc.is_valid(known["owned"]))
    true = counted["propensity"].combine_chunks().flatten().to_numpy().reshape(-1, N_PRODUCTS).sum(axis=0, dtype=np.float64)
    errors = [sum(abs(rows[name]["expected"] - truth) for name, truth in zip(PRODUCT_NAMES, true, strict=True))]
    months = known_additions(Lake(Settings.load(data_dir=str(data))))
    before = [then for each in (month - 1, month - 12) if (then := months.get(each)) is not None]
    errors += [float(np.abs(np.array(then.additions) * counted.num_rows / then.customers - true).sum()) for then in before]
    within = [rows[name]["low"] <= truth <= rows[name]["high"] for name, truth in zip(PRODUCT_NAMES, true, strict=True)]
    return errors[0] / true.sum(), min(errors[1:]) / true.sum(), float(np.mean(within))


def made(folder: Path, customers: int, seed: int) -> Path:
    """The data folder of a bank that is trained on and scored."""
    data = folder / f"bank-{customers}-{seed}"
    done = data / "done.json"
    if not done.is_file():
        _run(data, "generate", "--customers", str(customers), "--seed", str(seed))
        _run(data, "ingest", *(str(data / "raw" / name) for name in ("train_ver2.csv", "test_ver2.csv")))
        for step in (["features"], ["train"], ["score"], ["score", "--month", str(GATE)]):
            _run(data, *step)
        done.write_text(json.dumps({"customers": customers, "seed": seed}))
    return data


def _run(data: Path, *arguments: str) -> None:
    print(f"{data.name}: {arguments[0]}", file=sys.stderr, flush=True)
    subprocess.run(santander(*arguments, "--data-dir", str(data)), check=True, stdout=subprocess.DEVNULL)


def third(data: Path) -> list[tuple[str, str]]:
    """The shape of a third of the customers of the month after, as they are and shifted."""
    settings = Settings.load(data_dir=str(data))
    fit = load_version(settings, sound_champion(settings)).candidate.scoring
    lake = Lake(settings)
    rows, share = drawn(lake, TARGET, lake.rows_by_month(FEATURES_TABLE)[TARGET] // 3)
    found = []
    for name, customers in (("a third", rows), ("the same shifted", shifted(rows))):
        pairs = Pairs(*listed_pairs(fit, customers, TARGET, share)).levelled()
        errors = pairs.errors()
        large = [f"{pairs.slope():.3f}", f"{max(errors):.3f}"] if errors else ["-", "-"]
        found.append((name, " | ".join([*large, f"{pairs.top(0.01):.4f}", f"{pairs.top(0.05):.4f}"])))
    return found


def report(folder: Path, customers: int, seeds: Sequence[int]) -> str:
    """The table of all seeds and months."""
    lines = [
        f"| {' | '.join(['seed', 'month', *GOALS, 'better naive rate'])} |",
        f"|{'---|' * (len(GOALS) + 3)}",
        f"| | goal | {' | '.join(GOALS.values())} | |",
    ]
    for seed in seeds:
        data = made(folder, customers, seed)
        for month in (GATE, TARGET):
            pairs = Pairs.of(data, month).levelled()
            errors = pairs.errors()
            off, naive, within = level(data, month)
            large = [f"{pairs.slope():.3f}", f"{max(errors):.3f}"] if errors else ["-", "-"]
            figures = [*large, f"{pairs.top(0.01):.4f}", f"{pairs.top(0.05):.4f}", f"{off:.3f}", f"{within:.2f}", f"{naive:.3f}"]
            lines.append(f"| {seed} | {month} | {' | '.join(figures)} |")
        lines += [f"| {seed} | {TARGET}, {name} | {shape} | - | - | - |" for name, shape in third(data)]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="banks and tables, which are kept: 5 GB each at full size")
    parser.add_argument("--customers", type=int, default=956_645)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    asked = parser.parse_args()
    print(report(asked.folder, asked.customers, asked.seeds))


if __name__ == "__main__":
    main()
