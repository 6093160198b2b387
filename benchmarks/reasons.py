"""Do reasons name what moves the chances of a synthetic bank? Three figures beside their goals, of the lists of a month.

python benchmarks/reasons.py --data-dir data --customers 20000

The bank's log chance of a product is a sum of terms, each of one reason (docs/bank.md). A term counts less its mean over those
who may add the product. It leads where it is larger than every other by a fifth, whether it speaks for the product or against.

named      of the listed products in which a term leads: the strongest reason is that term's
matters    of the listed products with a reason that is told and speaks for them: without the term of the strongest one the
           chance is lower
permuted   the same as named, of a model whose labels were shuffled among the buyers; and what chance alone would give

``--customers`` are drawn evenly from those of the month; a bank of any size will do. The model is the one that made the lists.
"""

import argparse
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from bank_terms import TERMS, Truth, truth_of

from santander.config.settings import Settings
from santander.engine.session import open_session
from santander.lake.lake import Lake
from santander.models.chances import FittedChances
from santander.models.reasons import Reasoner, ReasonSums
from santander.models.training_set import TrainingSet
from santander.registry.champion import sound_champion
from santander.registry.versions import load_version
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.months import Month
from santander.storage.places import open_read
from santander.store.access import open_store
from santander.synthetic import facts
from santander.training.candidate import Fit
from santander.training.collect import collect_training_set, through

LEADS = 1.2
NAMED, MATTERS, WITHIN = 0.80, 0.90, 0.02
_AGAINST = 2_000
"""Customers whom the reasons of a model are held against where its version keeps nothing of the kind."""


FAMILIES = (*map(str, TERMS), "others")


@dataclass
class Counts:
    """Listed products in which a term leads, and those with a reason that speaks for them.

    ``pairs``: for each product the term that leads (rows) against the strongest reason (columns, the last of no term).
    """

    pairs: list[npt.NDArray[np.int64]] = field(default_factory=list)
    speaking: int = 0
    mattering: int = 0

    @property
    def leading(self) -> int:
        """Listed products in which a term leads."""
        return int(self.all_pairs.sum())

    @property
    def all_pairs(self) -> npt.NDArray[np.int64]:
        """The pairs of all products together."""
        return np.sum(self.pairs, axis=0, dtype=np.int64)

    @property
    def named(self) -> float:
        """The share in which the strongest reason is the term that leads."""
        return float(np.trace(self.all_pairs)) / max(self.leading, 1)

    @property
    def by_chance(self) -> float:
        """The same if the strongest reasons were dealt out at random, product by product."""
        hits = [(each.sum(axis=1) * each.sum(axis=0)).sum() / max(each.sum(), 1) for each in self.pairs]
        return float(sum(hits)) / max(self.leading, 1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--month", default=None, help="default: the last with features")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--no-permuted", action="store_true", help="fit no model on shuffled labels, which needs an engine")
    given = parser.parse_args()
    settings = Settings.load(data_dir=given.data_dir)
    lake = Lake(settings)
    month = Month.parse(given.month) if given.month else lake.months(FEATURES_TABLE)[-1]
    rows, share = drawn(lake, month, given.customers)
    truth = truth_of(rows, month, share)
    fit = load_version(settings, sound_champion(settings)).candidate.scoring
    found = counted(rows, truth, reasoner_of(fit, rows), settings.reasons.least)
    print(f"{month}, {rows.num_rows:,} customers, {found.leading:,} listed products in which a term leads")
    tell("named", found.named, f"at least {NAMED:.2f}")
    tell("matters", found.mattering / max(found.speaking, 1), f"at least {MATTERS:.2f}")
    if not given.no_permuted:
        shuffled = counted(rows, truth, reasoner_of(permuted(settings, fit), rows), settings.reasons.least)
        tell("permuted", shuffled.named, f"{shuffled.by_chance:.3f}, which is chance, within {WITHIN:.2f}")
    tell_pairs(found.all_pairs)


def tell(what: str, figure: float, goal: str) -> None:
    """Print one figure."""
    print(f"{what:<10} {figure:.3f}   goal {goal}")


def tell_pairs(pairs: npt.NDArray[np.int64]) -> None:
    """Print how often each reason is named where a term leads, as shares of all."""
    print("\nleads" + " " * 9 + "".join(f"{name:>14}" for name in FAMILIES))
    for name, row in zip(FAMILIES, pairs / max(pairs.sum(), 1), strict=True):
        if row.any():
            print(f"{name:<14}" + "".join(f"{share:14.3f}" for share in row))


def drawn(lake: Lake, month: Month, customers: int) -> tuple[pa.Table, float]:
    """Return about so many customers of a month, evenly taken by their numbers, and the share that they are of a full bank's."""
    parts = []
    for place in lake.files_by_month(FEATURES_TABLE)[month]:
        with open_read(place) as file:
            parts.append(pq.read_table(file))
    rows = pa.concat_tables(parts)
    order = pc.sort_indices(rows["customer_id"])
    taken = order.take(pa.array(np.arange(0, rows.num_rows, max(1, rows.num_rows // customers))))
    return rows.take(taken), len(taken) / facts.MONTHLY_ROWS.get(month, facts.TEST_ROWS)


def reasoner_of(fit: Fit, rows: pa.Table) -> Reasoner:
    """Return what gives the reasons of a fit; where it keeps none, they are held against customers of the month."""
    if fit.chances is not None and (kept := fit.chances.reasoner(fit.model)) is not None:
        return kept
    rate = fit.chances.rate if isinstance(fit.chances, FittedChances) else None
    against = rows.take(np.arange(0, rows.num_rows, max(1, rows.num_rows // _AGAINST)))
    made = Reasoner.of(fit.model, rate, against)
    if made is None:
        raise SystemExit(f"a model of the kind {fit.model.kind} has no reasons")
    return made


def counted(rows: pa.Table, truth: Truth, reasoner: Reasoner, least: float) -> Counts:
    """Hold the reasons of all listed products against the terms of the bank; ``least`` as in the settings of reasons."""
    model, counts = reasoner.model, Counts()
    listed = model.rank(rows, model.score(rows))
    found = reasoner.explained(rows)
    if found is None:
        raise SystemExit(f"a model of the kind {model.kind} has no reasons")
    sums = ReasonSums(found.columns, model.families)
    means = reasoner.means.in_order(sums.names)
    for product in found.products:
        of_list = np.flatnonzero((listed == product).any(axis=1) & (truth.chance[product] > 0))
        if of_list.size:
            reasons = sums.of(found, product, of_list) - means[product][:, None]
            count(counts, reasons, sums.names, truth.terms[product][:, of_list], least)
    return counts


def count(
    counts: Counts, reasons: npt.NDArray[np.float32], names: tuple[str, ...], terms: npt.NDArray[np.float32], least: float
) -> None:
    """Count one product: ``reasons`` and ``terms`` have a column a customer."""
    term_of = np.array([FAMILIES.index(name) if name in FAMILIES else len(TERMS) for name in names])
    size = np.sort(np.abs(terms), axis=0)
    leads = size[-1] >= LEADS * size[-2]
    pairs = np.zeros((len(FAMILIES), len(FAMILIES)), np.int64)
    np.add.at(pairs, (np.abs(terms).argmax(axis=0)[leads], term_of[np.abs(reasons).argmax(axis=0)][leads]), 1)
    counts.pairs.append(pairs)
    speaks = reasons.max(axis=0) >= least
    effect = np.vstack([terms, np.zeros(terms.shape[1], np.float32)])[term_of[reasons.argmax(axis=0)], np.arange(terms.shape[1])]
    counts.speaking += int(speaks.sum())
    counts.mattering += int((effect > 0)[speaks].sum())


def permuted(settings: Settings, fit: Fit) -> Fit:
    """Fit the champion's settings on its months with the additions shuffled among the buyers of each month."""
    with open_session(settings) as session:
        lake = Lake(settings, session)
        training = collect_training_set(lake, through(open_store(settings, lake)), dict(fit.weights)).in_driver()
    shuffled = TrainingSet(
        shuffled_within(training.buyers), shuffled_within(training.population, "customers"), training.weights, training.threads
    )
    return Fit(fit.name, type(fit.model).fit(fit.model.settings_as_fitted, shuffled), fit.baseline, fit.weights)


def shuffled_within(rows: pa.Table, counts: str | None = None) -> pa.Table:
    """Return the rows with ``added`` shuffled among those of a month; rows that count several customers are taken apart first."""
    if counts is not None:
        rows = rows.filter(pc.greater(rows["added"], 0))
        rows = rows.take(np.repeat(np.arange(rows.num_rows), rows[counts].to_numpy()))
        rows = rows.set_column(rows.schema.get_field_index(counts), counts, pa.repeat(pa.scalar(1, pa.int64()), rows.num_rows))
    random, dates, added = np.random.default_rng(7), rows["snapshot_date"].to_numpy(), rows["added"].to_numpy().copy()
    for date in np.unique(dates):
        within = np.flatnonzero(dates == date)
        added[within] = added[random.permutation(within)]
    return rows.set_column(rows.schema.get_field_index("added"), "added", pa.array(added, pa.int32()))


if __name__ == "__main__":
    main()
