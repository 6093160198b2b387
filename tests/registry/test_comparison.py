"""Two versions side by side: who they are, on which months, and that the figures are those of the gate."""

from collections.abc import Iterator

import pandas as pd
import pytest
from matplotlib.figure import Figure

from santander.config.settings import Settings
from santander.errors import InputError
from santander.evaluation.comparison_plots import draw_calibration, draw_differences, draw_products
from santander.lake.lake import Lake
from santander.registry import comparison
from santander.registry import comparison as comparison_tables
from santander.registry.comparison import Comparison, compare_versions, months_for_both, pair_to_review
from santander.registry.promotion import register_candidate
from santander.schema.months import Month
from santander.training.collect import through
from tests.registry.conftest import Named
from tests.registry.two_holders import gate_month, recipe, report_for

MAY, JUNE = Month(2016, 5), Month(2016, 6)
LABELLED = [Month(2016, month) for month in range(2, 7)]


@pytest.fixture(scope="module")
def settings(named: Named) -> Settings:
    """Version 1 is the baseline, 2 a model that beats it, 3 one of fewer rounds on a later month that does not beat 2."""
    settings = named("compared")
    register_candidate(settings, Lake(settings), report_for(MAY, recipe()))
    register_candidate(settings, Lake(settings), report_for(JUNE, recipe(columns=["profile"])))
    return settings


@pytest.fixture(scope="module")
def months() -> Iterator[None]:
    """Months as the lake would give them: the same habits in each."""
    patch = pytest.MonkeyPatch()
    patch.setattr(comparison, "labelled_months", lambda _: LABELLED)
    patch.setattr(comparison, "collect_month", lambda _lake, _retrieve, month: gate_month(month))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def found(settings: Settings, months: None) -> Comparison:
    lake = Lake(settings)
    return compare_versions(settings, lake, through(None), pair_to_review(settings, lake))


def test_a_challenger_is_held_against_the_champion(settings: Settings) -> None:
    pair = pair_to_review(settings, Lake(settings))
    assert (pair.holder.number, pair.contender.number) == (2, 3)
    assert pair.sentence == "Challenger version 3 against champion version 2."


def test_a_champion_without_challenger_is_held_against_the_one_before(named: Named) -> None:
    settings = named("crowned")
    register_candidate(settings, Lake(settings), report_for(MAY, recipe()))
    pair = pair_to_review(settings, Lake(settings))
    assert (pair.holder.number, pair.contender.number) == (1, 2)
    assert pair.sentence == "Champion version 2 has no challenger: it is shown against version 1, the champion before."


def test_after_a_refresh_the_champion_is_held_against_the_last_that_differs(named: Named) -> None:
    settings = named("refreshed")
    for target in (MAY, JUNE):
        register_candidate(settings, Lake(settings), report_for(target, recipe()))
    pair = pair_to_review(settings, Lake(settings))
    assert (pair.holder.number, pair.contender.number) == (1, 3)
    assert pair.sentence.endswith("against version 1, the last champion that differs from it on 2016-05.")


def test_one_version_alone_cannot_be_compared(named: Named) -> None:
    settings = named("lonely")
    register_candidate(settings, Lake(settings), report_for(MAY, recipe("popularity")))
    with pytest.raises(InputError, match="version 1 has no challenger and no champion before it"):
        pair_to_review(settings, Lake(settings))


def test_only_months_that_neither_has_seen_count(settings: Settings, found: Comparison) -> None:
    assert months_for_both(found.pair, LABELLED) == [MAY, JUNE]
    assert [judged.month for judged in found.months] == [MAY, JUNE]
    ages = "On 2016-06 version 2 is fitted up to 2016-04 and version 3 up to 2016-05: what differs may be freshness."
    assert found.summary.endswith(f"Both can be judged on 2 months, 2016-05 to 2016-06. {ages}")
    assert months_for_both(found.pair, LABELLED[:3]) == []


def test_differences_are_contender_less_holder(found: Comparison) -> None:
    last = found.last
    assert last.difference.champion == last.holder.map7 > last.contender.map7 == last.difference.challenger
    assert last.difference.relative_upper < 0
    assert [part.name for part in last.slices] == [part.segment for part in last.holder.slices]


def test_tables_have_the_figures_of_both(settings: Settings, found: Comparison) -> None:
    months = comparison_tables.by_month(found)
    assert list(months.index) == ["2016-05", "2016-06"]
    assert months.loc["2016-06", "v2 small_xgboost"] == found.last.holder.map7
    assert months.loc["2016-06", "ceiling"] == 70 / 400
    products = comparison_tables.by_product(found)
    assert set(products.index) == {"securities", "credit card", "loan"}
    assert products["additions"].sum() == 70
    assert products["lost, v3 small_xgboost"].sum() == pytest.approx(70 / 400 - found.last.contender.map7)
    assert comparison_tables.by_slice(found).loc["individuals", "buyers"] == 70


def test_every_version_is_shown_on_the_months_it_has_not_seen(settings: Settings, months: None) -> None:
    versions = comparison.last_versions(settings)
    shares = comparison_tables.by_version(comparison.share_of_ceiling_by_month(Lake(settings), through(None), versions))
    assert list(shares.columns) == ["v1", "v2", "v3"]
    assert list(shares.index) == ["2016-04", "2016-05", "2016-06"]
    assert pd.isna(shares.loc["2016-04", "v3"])
    assert shares.loc["2016-05", "v2"] > shares.loc["2016-05", "v1"]


def test_verdicts_are_those_of_the_table(settings: Settings) -> None:
    decided = comparison_tables.verdicts(settings, Lake(settings))
    assert decided["version"].tolist() == [1, 2, 3]
    assert decided["promoted"].tolist() == [True, True, False]
    assert pd.isna(decided["champion_before"][0])
    assert decided["champion_after"].tolist() == [1, 2, 2]


def test_plots_name_what_they_show(found: Comparison) -> None:
    axes = Figure().subplots(3)
    draw_differences(axes[0], ["May", "June"], [judged.difference for judged in found.months])
    draw_products(axes[1], found.last.holder.products, found.last.contender.products, found.names)
    draw_calibration(axes[2], found.last.holder_calibration, found.last.contender_calibration, found.names)
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["May", "June"]
    assert [label.get_text() for label in axes[1].get_yticklabels()][-1] in {"securities (30)", "credit card (36)"}
    assert found.names[0] in [text.get_text() for text in axes[2].get_legend().get_texts()]
