"""Goals of scaling from figures, and which steps a sitting that goes on has to run. No engine."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="it comes with the extra 'bench'")

from event_log import Stages
from process_kinds import DRIVER, WORKER
from scaling_figures import CLUSTER, ONE_CORE, SAIL, TWO_CORES, Figure, Measured
from scaling_report import page
from spark_scaling import due

AROUND = {
    "date": "2026-01-01", "commit": "abc", "dirty": False, "processor": "a", "cores": 2, "memory_gb": 8, "system": "Linux",
    "python": "3.11", "packages": {},
}  # fmt: skip


def _stages(parallel: float, tasks: int = 4) -> list[Stages]:
    """Rows in several tasks, then a commit in one."""
    return [
        Stages("rows", stages=1, tasks=tasks, seconds=parallel, shuffle_bytes=2_500_000),
        Stages("commit", stages=2, tasks=2, seconds=3.0),
    ]


def _figure(size: float, master: str, step: str, used: float, worker: float = 0.5, parallel: float = 0.0) -> Figure:
    held = {DRIVER: [0.2], WORKER: [worker, worker / 2]} if worker else {DRIVER: [0.2]}
    stages = _stages(parallel, tasks=1 if master == ONE_CORE else 4)
    return Figure(size, master, step, "abc", int(size * 1e6), parallel + 10, used, 1.0, 0.1, held, {WORKER: 9.0}, stages)


def _measured(*figures: Figure) -> Measured:
    return Measured({figure.key: figure for figure in figures})


MEASURED = _measured(
    _figure(1, SAIL, "features", 10, worker=0),
    _figure(1, ONE_CORE, "features", 26, parallel=17),
    _figure(1, TWO_CORES, "features", 26, parallel=10),
    _figure(2, TWO_CORES, "features", 90, parallel=99),
    _figure(4, TWO_CORES, "features", 114.4, worker=0.65, parallel=44),
    _figure(8, TWO_CORES, "features", 999, worker=9, parallel=99),
    _figure(1, TWO_CORES, "score", 10, worker=0),
    _figure(4, TWO_CORES, "score", 48, worker=0),
)


def _goal(measured: Measured, name: str) -> tuple[float | None, str]:
    [goal] = [each for each in measured.goals() if each.name == name]
    return goal.value and round(goal.value, 3), goal.told


def test_rows_and_memory_are_compared_between_the_smallest_bank_and_one_four_times_as_large() -> None:
    assert _goal(MEASURED, "features: processor seconds a row, size 4 / size 1") == (1.1, "reached")
    assert _goal(MEASURED, "features: memory of a Python worker, size 4 / size 1") == (1.3, "short")
    assert _goal(MEASURED, "score: processor seconds a row, size 4 / size 1") == (1.2, "short")


def test_a_step_without_python_workers_has_no_goal_for_their_memory() -> None:
    named = [goal.name for goal in MEASURED.goals() if "memory" in goal.name]
    assert "features: memory of a Python worker, size 4 / size 1" in named
    assert "score: memory of a Python worker, size 4 / size 1" not in named


def test_the_speed_up_counts_the_stages_that_had_several_tasks_on_two_cores() -> None:
    assert _goal(MEASURED, "features: speed-up of the parallel part from one to two cores, size 1") == (1.7, "reached")
    slower = _measured(*MEASURED.values(), _figure(1, TWO_CORES, "features", 26, parallel=12))
    assert _goal(slower, "features: speed-up of the parallel part from one to two cores, size 1") == (1.417, "short")


def test_spark_is_held_against_the_embedded_engine() -> None:
    assert _goal(MEASURED, "features: processor seconds, local[2] / sail, size 1") == (2.6, "short")


def test_the_driver_is_judged_at_the_largest_size() -> None:
    judged = _measured(*MEASURED.values(), _figure(8, TWO_CORES, "evaluate", 99))
    assert _goal(judged, "evaluate: memory of the driver's Python, size 8") == (0.2, "reached")
    assert _goal(judged, "train: memory of the driver's Python, size 8") == (None, "not measured")


def test_what_failed_or_was_not_run_is_not_measured() -> None:
    failed = replace(MEASURED[4, TWO_CORES, "features"], failure="stopped above 20 GB")
    measured = _measured(*MEASURED.values(), failed)
    assert _goal(measured, "features: processor seconds a row, size 4 / size 1") == (None, "not measured")
    assert _goal(measured, "train: speed-up of the parallel part from one to two cores, size 1") == (None, "not measured")
    assert "stopped above 20 GB" in page(measured, AROUND)


def test_the_page_has_steps_cores_and_stages() -> None:
    text = page(_measured(*MEASURED.values(), _figure(1, CLUSTER, "features", 26, parallel=8.5)), AROUND)
    assert "| features | local[2] | 1,000,000 | 20.0 | 0.1 | 26.0 | 26.0 | 0.20 GB, 0 s |  |  | 2: 0.50 GB, 9 s | 2.5 |" in text
    assert "| features | 1 | local[2] | 1.35 x | 1.70 x | 0.1, 0.1 |" in text
    assert "| features | 1 | cluster | 1.46 x | 2.00 x | 0.1, 0.1 |" in text
    assert "| commit (2 x) | 2 | 3.0 |" in text


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert Measured.load(tmp_path / "none.json") == {}
    MEASURED.save(tmp_path / "there" / "some.json", AROUND)
    assert Measured.load(tmp_path / "there" / "some.json") == MEASURED


@pytest.mark.parametrize(
    ("known", "kept", "steps"),
    [
        ("", "", "ingest features train evaluate score"),
        ("ingest features", "ingest features", "train evaluate score"),
        ("ingest features", "", "ingest features train evaluate score"),
        ("ingest features train score", "ingest features train", "evaluate"),
        ("ingest features train score", "ingest features", "train evaluate"),
        ("features train evaluate score", "ingest features train", "ingest"),
        ("ingest features train evaluate score", "", ""),
    ],
)
def test_a_sitting_runs_what_is_missing_and_what_that_reads(known: str, kept: str, steps: str) -> None:
    asked = ["ingest", "features", "train", "evaluate", "score"]
    assert due(asked, known.split().__contains__, kept.split().__contains__) == steps.split()


def test_a_step_that_was_not_asked_for_is_run_where_another_reads_it() -> None:
    assert due(["evaluate"], lambda _: False, lambda step: step == "ingest") == ["features", "train", "evaluate"]
