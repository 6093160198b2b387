"""Figures that a page gives in a sentence are those of conf/base, or of the code."""

from pathlib import Path

import pytest
import yaml

from santander.config.conf_files import conf_dir
from santander.config.sections import GateSettings, IngestSettings
from santander.evaluation.month_to_judge import ENOUGH
from santander.evaluation.resampling import LOWER

DOCS = Path(__file__).parents[2] / "docs"


def base(section: str, file: str) -> dict[str, object]:
    return dict(yaml.safe_load((conf_dir() / "base" / file).read_text(encoding="utf-8"))[section])


GATE = GateSettings.model_validate(base("gate", "training.yaml"))
INGEST = IngestSettings.model_validate(base("ingest", "ingest.yaml"))


def percent(share: float) -> str:
    return f"{100 * share:g} %"


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("gate.md", f"the gain is at least {percent(GATE.min_relative_gain)} of the champion's"),
        ("gate.md", f"the lower {LOWER:g} % bound of the relative difference is above -{percent(GATE.max_refresh_loss)}"),
        ("gate.md", f"Bounds are percentiles of {GATE.resamples:,} resamples"),
        ("gate.md", f"its relative change lies below -{percent(GATE.max_slice_loss)}"),
        ("gate.md", f"fewer than {GATE.min_slice_buyers} buyers"),
        ("gate.md", f"have {percent(GATE.min_overlap)} of its lists in common"),
        ("gate.md", f"about {ENOUGH:,} customers are drawn"),
        ("data.md", f"| more than {percent(INGEST.max_quarantine_share)} of a month (`ingest.max_quarantine_share`)"),
        ("reliability.md", f"More than {percent(INGEST.max_quarantine_share)} of a month in quarantine"),
    ],
)
def test_a_figure_in_a_page_is_the_one_there_is(page: str, sentence: str) -> None:
    assert sentence in " ".join((DOCS / page).read_text(encoding="utf-8").split())
