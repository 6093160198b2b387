import numpy as np
import pyarrow as pa
import pytest

from santander.models.chance_calibration import ChanceCalibration
from santander.models.fitted_on import ChangedProducts
from santander.models.groups import SEGMENTS
from santander.schema.products import N_PRODUCTS

TAXES, FUNDS = 17, 13
ROWS = 200_000
TOP, STUDENTS = SEGMENTS.index("top"), SEGMENTS.index("students")


def month(level: float = 1.0, students: float = 1.0, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Chances that a model gives, what was added, segments, and for how many each row stands; taxes alone are ever added."""
    draw = np.random.default_rng(seed)
    raw = np.full((ROWS, N_PRODUCTS), np.nan)
    raw[:, TAXES] = np.exp(draw.normal(-3.5, 0.8, ROWS))
    segment = draw.choice([TOP, STUDENTS], ROWS)
    true = raw[:, TAXES] * level * np.where(segment == STUDENTS, students, 1.0)
    added = (draw.random(ROWS) < true).astype(np.int32) << TAXES
    return raw, added, segment, np.ones(ROWS)


def calibrated(found: ChanceCalibration, raw: np.ndarray, segment: np.ndarray) -> np.ndarray:
    rows = pa.table({"segment": pa.array(segment, pa.int8())})
    return np.exp(np.log(raw) + found.of_rows(rows))


def test_a_product_and_a_segment_that_a_model_misjudges_are_brought_to_what_was_added() -> None:
    found = ChanceCalibration.fit(*month(level=2.0, students=1.5))
    raw, added, segment, _ = month(level=2.0, students=1.5, seed=2)
    chance = calibrated(found, raw, segment)[:, TAXES]
    for of_segment in (TOP, STUDENTS):
        within = segment == of_segment
        assert chance[within].sum() == pytest.approx((added[within] != 0).sum(), rel=0.03)


def test_chances_that_hold_are_left_alone() -> None:
    assert ChanceCalibration.fit(*month()).terms[:, TAXES] == pytest.approx(0.0, abs=0.03)


def test_the_sum_of_the_chances_of_the_month_is_what_was_added() -> None:
    raw, added, segment, weight = month(level=0.5, students=3.0)
    chance = calibrated(ChanceCalibration.fit(raw, added, segment, weight), raw, segment)[:, TAXES]
    assert chance.sum() == pytest.approx((added != 0).sum(), rel=1e-9)


def test_a_segment_with_few_additions_stays_near_the_level_and_a_product_without_any_where_it_was() -> None:
    raw, added, segment, weight = month()
    few = np.flatnonzero((added != 0) & (segment == STUDENTS))[3:]
    added[few] = 0
    found = ChanceCalibration.fit(raw, added, segment, weight)
    of_its_own = np.log(3 / raw[segment == STUDENTS, TAXES].sum())
    assert found.terms[TOP, TAXES] > found.terms[STUDENTS, TAXES] > of_its_own + 1
    assert not found.terms[:, FUNDS].any()


def test_a_row_that_stands_for_ten_counts_as_ten() -> None:
    raw, added, segment, weight = month(level=2.0)
    others = np.flatnonzero(added == 0)
    kept = np.sort(np.concatenate([np.flatnonzero(added), others[::10]]))
    whole = ChanceCalibration.fit(raw, added, segment, weight)
    drawn = ChanceCalibration.fit(raw[kept], added[kept], segment[kept], np.where(added[kept] != 0, 1.0, 10.0))
    assert drawn.terms[:, TAXES] == pytest.approx(whole.terms[:, TAXES], abs=0.05)


def test_what_is_written_is_read_and_other_products_are_refused() -> None:
    found = ChanceCalibration.fit(*month(level=2.0))
    assert np.array_equal(ChanceCalibration.read(found.written()).terms, found.terms)
    with pytest.raises(ChangedProducts):
        ChanceCalibration.read({name: terms for name, terms in found.written().items() if name != "taxes"})
