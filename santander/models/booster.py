"""One XGBoost booster: grown on examples, read from a file, asked, and what it says of its columns."""

import ctypes
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from santander.features.expansion import ColumnPlan, Matrix
from santander.models.additions import Examples

if TYPE_CHECKING:
    import xgboost

# OpenMP's threads spin while they wait for each other. Ten rounds on 180,000 rows of 76 columns and 20 classes took 2.1 to
# 2.5 s that way and 2.6 s asleep on two idle cores, but 14 to 19 s against 3.9 s beside one other busy process. The
# variable is read when xgboost is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

RoundReport = Callable[[int, float | None], None]
"""Called with: rounds done of one booster, loss on the validation months where there are any."""


@dataclass(frozen=True)
class OneBooster:
    """How one booster is grown; ``parameters`` are xgboost's own, with the number of threads."""

    columns: ColumnPlan
    parameters: Mapping[str, Any]
    rounds: int
    early_stopping_rounds: int

    def grow(self, training: Examples, validation: Examples | None, progress: RoundReport) -> "xgboost.Booster":
        """Grow ``rounds`` rounds, or with ``validation`` until its loss has not fallen for a while."""
        import xgboost

        train = self._quantised(training)
        watched = [] if validation is None else [(self._quantised(validation, train), "validation")]
        booster = xgboost.train(
            dict(self.parameters),
            train,
            num_boost_round=self.rounds,
            evals=watched,
            early_stopping_rounds=self.early_stopping_rounds if watched else None,
            callbacks=[_report_to(progress, self.parameters["eval_metric"])],
            verbose_eval=False,
        )
        return booster[: booster.best_iteration + 1] if watched else booster

    def _quantised(self, examples: Examples, reference: "xgboost.QuantileDMatrix | None" = None) -> "xgboost.QuantileDMatrix":
        """The examples in bins."""
        import xgboost

        return xgboost.QuantileDMatrix(
            examples.matrix,
            label=examples.label,
            weight=examples.weight,
            base_margin=examples.margins,
            feature_names=list(self.columns.names),
            max_bin=self.parameters["max_bin"],
            nthread=self.parameters["nthread"],
            ref=reference,
        )


def read_booster(file: Path) -> "xgboost.Booster":
    """A saved booster, which uses as many threads as the process may: it may score on a worker that shares its cores."""
    import xgboost

    booster = xgboost.Booster(model_file=file)
    booster.set_param({"nthread": 0})
    return booster


_CONFIG = (
    b'{"type": %d, "training": false, "iteration_begin": 0, "iteration_end": 0, '
    b'"missing": NaN, "strict_shape": false, "cache_id": 0}'
)
_PROBABILITIES, _MARGINS = _CONFIG % 0, _CONFIG % 1


def predicted(
    booster: "xgboost.Booster", matrix: Matrix, start: Matrix | None = None, *, as_margins: bool = False
) -> npt.NDArray[np.float32]:
    """Return what ``booster.inplace_predict(matrix, base_margin=start)`` returns; raises ValueError for other columns.

    The function of XGBoost's C interface behind it is called as it stands. Its wrapper looks first which of a dozen libraries
    made the matrix: 100 us a call, where one row of 300 trees takes 50.
    """
    from xgboost.core import _LIB, _check_call

    if matrix.shape[1] != booster.num_features():
        raise ValueError(f"a booster of {booster.num_features()} columns was given {matrix.shape[1]}")
    shape, result = ctypes.POINTER(ctypes.c_uint64)(), ctypes.POINTER(ctypes.c_float)()
    dimensions, proxy = ctypes.c_uint64(), ctypes.c_void_p()
    rows, margins = (None if each is None else np.ascontiguousarray(each, np.float32) for each in (matrix, start))
    try:
        if margins is not None:
            _check_call(_LIB.XGProxyDMatrixCreate(ctypes.byref(proxy)))
            _check_call(_LIB.XGDMatrixSetInfoFromInterface(proxy, b"base_margin", _interface(margins)))
        config, pointers = _MARGINS if as_margins else _PROBABILITIES, map(ctypes.byref, (shape, dimensions, result))
        _check_call(_LIB.XGBoosterPredictFromDense(booster.handle, _interface(rows), config, proxy, *pointers))
    finally:
        if proxy:
            _LIB.XGDMatrixFree(proxy)
    size = [shape[place] for place in range(dimensions.value)]
    # the result lies in memory that the next call of this thread writes to
    return np.frombuffer(ctypes.string_at(result, math.prod(size) * 4), np.float32).reshape(size)


def _interface(array: Any) -> bytes:
    """Return where an array lies, as NumPy's array interface says it in JSON."""
    about = array.__array_interface__
    return b'{"data": [%d, true], "shape": [%s], "typestr": "<f4", "version": 3, "strides": null}' % (
        about["data"][0],
        ", ".join(map(str, about["shape"])).encode(),
    )


def shares_of_gain(boosters: Sequence["xgboost.Booster"], columns: Sequence[str]) -> dict[str, float]:
    """For each column used: the loss it took away over all splits of all boosters, as a share of all."""
    gains = [booster.get_score(importance_type="total_gain") for booster in boosters]
    by_column = {name: sum(float(np.sum(each.get(name, 0.0))) for each in gains) for name in columns}
    total = sum(by_column.values()) or 1.0
    return {name: gain / total for name, gain in by_column.items() if any(name in each for each in gains)}


def _report_to(report: RoundReport, metric: str) -> "xgboost.callback.TrainingCallback":
    import xgboost

    class Report(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002  (the signature is xgboost's)
            losses = evals_log.get("validation", {}).get(metric)
            report(epoch + 1, float(losses[-1]) if losses else None)
            return False

    return Report()
