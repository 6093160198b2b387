"""A study in MLflow: one run for the study, which is found again when it goes on, and a run for each trial below it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.registry.runs import ParentRun, begin_run
from santander.registry.tracking import experiment_id, open_tracking, unless_missing
from santander.tune.space import Space
from santander.tune.study import Study
from santander.tune.variant import Variant

_RUN = "mlflow_run"
_PARENT = "mlflow.parentRunId"
_LONGEST = 500
_RUNNING = "RUNNING"


class StudyRuns(ParentRun):
    """The run of one study, and those of its trials."""

    def kill_left_running(self) -> None:
        """Mark trials below the study that still run as killed."""
        running = f"tags.`{_PARENT}` = '{self.run_id}' and attributes.status = '{_RUNNING}'"
        for run in self.client.search_runs([self.experiment], running, max_results=1000):
            self.client.set_terminated(run.info.run_id, status="KILLED")

    def begin(self, number: int, variant: Variant, *, as_is: bool) -> str:
        """Begin the run of a trial."""
        from mlflow.entities import Param

        title = f"trial {number}: {variant.recipe}{' as it is' if as_is else ''}"
        tags = {_PARENT: self.run_id, "as_is": str(as_is).lower()}
        run_id = str(self.client.create_run(self.experiment, run_name=title, tags=tags).info.run_id)
        values = {"recipe": variant.recipe, **variant.values}
        self.client.log_batch(run_id, params=[Param(name, _text(value)) for name, value in values.items()])
        return run_id

    def end(
        self, run_id: str, state: str, metrics: Mapping[str, float | None], losses: Sequence[tuple[int, float]], why: str
    ) -> None:
        """End the run of a trial; a trial that was given up is told by its tag ``state``."""
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        figures = [Metric(name, float(value), now, 0) for name, value in metrics.items() if value is not None]
        figures += [Metric("validation_loss", loss, now, rounds) for rounds, loss in losses]
        notes = {"state": state, "why": why[:_LONGEST]}
        self.client.log_batch(run_id, metrics=figures, tags=[RunTag(name, text) for name, text in notes.items() if text])
        self.client.set_terminated(run_id, status="FAILED" if state == "failed" else "FINISHED")

    def tag(self, **tags: str) -> None:
        """Tag the run of the study."""
        for name, value in tags.items():
            self.client.set_tag(self.run_id, name, value)


@contextmanager
def runs_of(settings: Settings, lake: Lake, study: Study, space: Space, tags: Mapping[str, str]) -> Iterator[StudyRuns]:
    """Open the run of the study, begun anew where there is none, until left; after an error it counts as killed.

    What another process left running below it is killed.
    """
    client = open_tracking(settings)
    known = study.optuna.user_attrs.get(_RUN)
    found = None if known is None else unless_missing(client.get_run, known)
    if found is None or found.info.lifecycle_stage != "active":
        known = begin_run(settings, lake, f"tune {study.name.partition(',')[0]}", {"study": study.name, **tags})
        client.log_dict(known, space.model_dump(mode="json"), "space.json")
        study.optuna.set_user_attr(_RUN, known)
    client.update_run(str(known), status=_RUNNING)
    runs = StudyRuns(str(known), client, experiment_id(settings, client))
    runs.kill_left_running()
    ended = "KILLED"
    try:
        yield runs
        ended = "FINISHED"
    finally:
        client.set_terminated(runs.run_id, status=ended)


def _text(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return (text if not isinstance(value, dict) else json.dumps(value))[:_LONGEST]
