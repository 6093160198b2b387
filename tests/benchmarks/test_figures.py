"""Targets from figures: against the faster of the peers whose output is equal, or not measured. No engine."""

import pytest

pytest.importorskip("psutil", reason="it comes with the extra 'bench'")

from contestants import OURS
from figures import ARROW, Figure, Figures
from measuring import Run
from report import page


def _figure(step: str, tool: str, seconds: float, size: float = 1.0, verdict: str = "equal", **inner: float) -> Figure:
    return Figure(size, int(1000 * size), step, tool, [Run(seconds, 2 * seconds, 1.5)], verdict, inner)


def _goal(figures: Figures, name: str) -> tuple[float | None, str]:
    [goal] = [each for each in figures.goals() if each.name == name]
    return goal.value, goal.told


FIGURES = Figures(
    [
        _figure("ingest", OURS, 4.0, size=0.5),
        _figure("ingest", OURS, 12.0),
        _figure("ingest", "polars_lazy", 8.0),
        _figure("ingest", "duckdb_sql", 6.0, verdict="differs: customers: age is 3 instead of 4"),
        _figure("parse", ARROW, 10.0),
        _figure("training_set", OURS, 9.0, through_feast=1.2, equi_join=1.0),
    ]
)


def test_ours_is_held_against_the_faster_peer_whose_output_is_equal() -> None:
    assert _goal(FIGURES, "ingest / the faster of Polars and DuckDB") == (1.5, "short")
    assert _goal(FIGURES, "ingest / Arrow's bare csv parse") == (1.2, "reached")


def test_what_the_step_alone_takes_comes_from_the_process_itself() -> None:
    assert _goal(FIGURES, "training set through Feast / plain equi-join") == (1.2, "reached")


def test_seconds_per_row_are_compared_between_the_least_and_the_largest_size() -> None:
    assert _goal(FIGURES, "ingest: seconds per row, size 1 / size 0.5") == (1.5, "short")


def test_what_was_not_measured_is_said_so() -> None:
    assert _goal(FIGURES, "whole walk") == (None, "not measured")


def test_the_page_shows_failures_and_differences() -> None:
    failed = Figure(1.0, 1000, "ingest", "pandas_script", [Run(1.0, 1.0, 20.1, failure="stopped above 20 GB")])
    around = {
        "date": "2026-01-01", "commit": "abc", "dirty": False, "processor": "a", "cores": 2, "memory_gb": 8, "system": "Linux",
        "python": "3.11", "packages": {},
    }  # fmt: skip
    text = page(Figures([*FIGURES, failed]), around, "bench")
    assert "stopped above 20 GB" in text
    assert "differs: customers: age is 3 instead of 4" in text
