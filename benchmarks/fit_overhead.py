"""What a fit of the default recipe takes beside ``xgboost.train`` alone on the same rows with the same parameters.

python benchmarks/fit_overhead.py --data-dir data --rows scratch/rows --rounds 20

A fit goes from the buyers' feature rows in the driver to a model: order, weights, columns, start, bins, boosting, prior.
The bare call goes from the finished matrix in memory to a booster. Both in turn, ``--times`` times, in one process.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from fit_tradeoff import HIDDEN, Rows, processor_seconds

from santander.models.additions import examples_of
from santander.models.boosted_trees import BoostedTrees, BoostedTreesSettings
from santander.models.classes import Classes
from santander.models.groups import GroupStart, Start
from santander.models.training_set import TrainingSet
from santander.training.recipe import Recipe


def main() -> None:
    """Print a line for each of the two, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--rows", type=Path, required=True, help="folder for the rows that were collected")
    parser.add_argument("--recipe", default="next_products")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    training = Rows(given.rows, given.data_dir).training(HIDDEN)
    settings = Recipe.load(given.recipe).with_rounds(given.rounds).model_settings
    assert isinstance(settings, BoostedTreesSettings)  # noqa: S101
    bare = bare_call(settings, training)
    BoostedTrees.fit(settings.model_copy(update={"rounds": 1}), training)
    both = [(timed(bare), timed(lambda: BoostedTrees.fit(settings, training))) for _ in range(given.times)]
    (bare_clock, bare_processor), (our_clock, our_processor) = (
        tuple(median(each[who][kind] for each in both) for kind in (0, 1)) for who in (0, 1)
    )
    print(f"{training.counts().sum():,} additions, {settings.rounds} rounds, median of {given.times}")
    print(f"xgboost.train alone: {bare_clock:.1f} s by the clock, {bare_processor:.1f} s of the processor")
    print(f"the fit: {our_clock:.1f} s by the clock, {our_processor:.1f} s of the processor")
    print(f"ratio: {our_clock / bare_clock:.3f} by the clock, {our_processor / bare_processor:.3f} of the processor")


def bare_call(settings: BoostedTreesSettings, training: TrainingSet) -> Callable[[], object]:
    """What somebody would write who has the matrix."""
    import xgboost

    classes = Classes.of(training.counts(), settings.min_additions, settings.rare)
    additions = training.additions()
    examples = examples_of(additions, settings.plan, classes, settings.row_weight)
    margins = None
    if settings.start is Start.GROUPS:
        row = additions.row[classes.labels(additions.product) >= 0]
        margins = GroupStart.of(training.population, training.weights).margins(additions.buyers, classes)[row]
    learned = settings.parameters("multi:softprob", "mlogloss")
    parameters = {**learned, "num_class": len(classes), "nthread": training.threads}

    def call() -> object:
        rows = xgboost.QuantileDMatrix(
            examples.matrix,
            label=examples.label,
            weight=examples.weight,
            base_margin=margins,
            max_bin=settings.max_bin,
            nthread=training.threads,
        )
        return xgboost.train(parameters, rows, num_boost_round=settings.rounds)

    return call


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    clock, processor = time.perf_counter(), processor_seconds()
    call()
    return time.perf_counter() - clock, processor_seconds() - processor


if __name__ == "__main__":
    main()
