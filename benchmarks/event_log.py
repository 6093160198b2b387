"""The event log of Apache Spark, a JSON object a line, summed by the name of the stages."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_FOLDERS = re.compile(r"\S*/(?=[^/\s]+/[^/\s]+:\d+)")
_NOTHING_SAID = re.compile(r" at NativeMethodAccessorImpl\.java:0|: \d+$")
_IN_PYTHON = "time to run Python workers"


@dataclass(slots=True)
class Stages:
    """All stages of one name. Seconds are by the clock while one of them ran; those of tasks are summed over the tasks."""

    name: str
    stages: int = 0
    tasks: int = 0
    seconds: float = 0.0
    task_seconds: float = 0.0
    jvm_processor_seconds: float = 0.0
    python_seconds: float = 0.0
    """By the clock, of Python workers of DataFrame tasks; their processor seconds are not in the log."""
    shuffle_bytes: int = 0
    spilled_bytes: int = 0

    @property
    def parallel(self) -> bool:
        """Whether a stage of them had several tasks."""
        return self.tasks > self.stages

    as_json = asdict


@dataclass(slots=True)
class _Found:
    """The stages of a name while the log is read."""

    summed: Stages
    spans: list[tuple[int, int]] = field(default_factory=list)


def read(folder: Path) -> list[Stages]:
    """Stages of all applications that logged into a folder, the longest first.

    Raises ValueError where a line is no JSON, as in a log that was compressed.
    """
    found: dict[str, _Found] = {}
    for file in sorted(folder.iterdir()):
        named: dict[int, str] = {}
        for event in _events(file):
            _take(event, named, found)
    for each in found.values():
        each.summed.seconds = _union(each.spans) / 1000
    return sorted((each.summed for each in found.values()), key=lambda stages: -stages.seconds)


def _events(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _take(event: dict[str, Any], named: dict[int, str], found: dict[str, _Found]) -> None:
    """Add what an event says; ``named`` has the names of the stages that the application has begun."""
    match event["Event"]:
        case "SparkListenerStageSubmitted":
            about = event["Stage Info"]
            said = (event.get("Properties") or {}).get("spark.job.description") or about["Stage Name"]
            name = named[about["Stage ID"]] = _NOTHING_SAID.sub("", _FOLDERS.sub("", said))
            found.setdefault(name, _Found(Stages(name)))
        case "SparkListenerStageCompleted":
            about = event["Stage Info"]
            one = found[named[about["Stage ID"]]]
            one.summed.stages += 1
            one.summed.tasks += about["Number of Tasks"]
            if "Completion Time" in about and "Submission Time" in about:
                one.spans.append((about["Submission Time"], about["Completion Time"]))
        case "SparkListenerTaskEnd" if event.get("Task Metrics"):
            _add_task(found[named[event["Stage ID"]]].summed, event)


def _add_task(stages: Stages, event: dict[str, Any]) -> None:
    """Add a task; one that failed took its time too."""
    metrics = event["Task Metrics"]
    stages.task_seconds += metrics["Executor Run Time"] / 1e3
    stages.jvm_processor_seconds += (metrics["Executor CPU Time"] + metrics["Executor Deserialize CPU Time"]) / 1e9
    stages.shuffle_bytes += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    stages.spilled_bytes += metrics["Disk Bytes Spilled"]
    for counter in event["Task Info"].get("Accumulables", []):
        if counter.get("Name") == _IN_PYTHON:
            stages.python_seconds += int(counter["Update"]) / 1e3


def _union(spans: list[tuple[int, int]]) -> int:
    """Length of what the spans cover together."""
    covered, reached = 0, 0
    for begin, end in sorted(spans):
        covered += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return covered
