"""A study in MLflow: one run for the study, which is found again when it goes on, and a run for each trial below it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.lake.versions_read import table_versions
from santander.registry.runs import git_sha, origin_tags, settings_dump
from santander.registry.tracking import experiment_id, find_run, open_tracking
from santander.tune.space import Space
from santander.tune.study import Study
from santander.tune.variant import Variant

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

_RUN = "mlflow_run"
_PARENT = "mlflow.parentRunId"
_LONGEST = 500
KILLED, FINISHED, FAILED, RUNNING = "KILLED", "FINISHED", "FAILED", "RUNNING"


@dataclass(frozen=True)
class StudyRuns:
    """The runs of one study."""

    run_id: str
    _client: "MlflowClient"
    _experiment: str

    @classmethod
    def open(cls, settings: Settings, lake: Lake, study: Study, space: Space, tags: Mapping[str, str]) -> "StudyRuns":
        """Open the run of the study, begun anew where there is none; what another process left running below it is killed."""
        client = open_tracking(settings)
        experiment = experiment_id(settings, client)
        known = study.optuna.user_attrs.get(_RUN)
        if known is None or not _is_there(client, known):
            origin = {**origin_tags(table_versions(lake), git_sha()), "study": study.name, **tags}
            title = f"tune {study.name.partition(',')[0]}"
            known = str(client.create_run(experiment, run_name=title, tags=origin).info.run_id)
            client.log_dict(known, space.model_dump(mode="json"), "space.json")
            client.log_dict(known, dict(settings_dump(settings)), "settings.json")
            study.optuna.set_user_attr(_RUN, known)
        client.update_run(known, status=RUNNING)
        runs = cls(known, client, experiment)
        runs.kill_left_running()
        return runs

    def kill_left_running(self) -> None:
        """Mark trials below the study that still run as killed."""
        running = f"tags.`{_PARENT}` = '{self.run_id}' and attributes.status = '{RUNNING}'"
        for run in self._client.search_runs([self._experiment], running, max_results=1000):
            self._client.set_terminated(run.info.run_id, status=KILLED)

    def begin(self, number: int, variant: Variant, *, as_is: bool) -> str:
        """Begin the run of a trial."""
        from mlflow.entities import Param

        title = f"trial {number}: {variant.recipe}{' as it is' if as_is else ''}"
        tags = {_PARENT: self.run_id, "as_is": str(as_is).lower()}
        run_id = str(self._client.create_run(self._experiment, run_name=title, tags=tags).info.run_id)
        values = {"recipe": variant.recipe, **variant.values}
        self._client.log_batch(run_id, params=[Param(name, _text(value)) for name, value in values.items()])
        return run_id

    def end(
        self, run_id: str, state: str, metrics: Mapping[str, float | None], losses: Sequence[tuple[int, float]], why: str = ""
    ) -> None:
        """End the run of a trial: a failed or killed one by its status, a pruned one by its tag."""
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        figures = [Metric(name, float(value), now, 0) for name, value in metrics.items() if value is not None]
        figures += [Metric("validation_loss", loss, now, rounds) for rounds, loss in losses]
        notes = [RunTag("state", state), *([RunTag("why", why[:_LONGEST])] if why else [])]
        self._client.log_batch(run_id, metrics=figures, tags=notes)
        self._client.set_terminated(run_id, status={"failed": FAILED, "killed": KILLED}.get(state, FINISHED))

    def report(self, metrics: Mapping[str, float | None], texts: Mapping[str, str], figures: Mapping[str, "Figure"]) -> None:
        """Log the figures of the whole study so far in place of those logged before."""
        for name, value in metrics.items():
            if value is not None:
                self._client.log_metric(self.run_id, name, float(value))
        for name, text in texts.items():
            self._client.log_text(self.run_id, text, name)
        for name, figure in figures.items():
            self._client.log_figure(self.run_id, figure, f"plots/{name}.png")

    def tag(self, **tags: str) -> None:
        """Tag the run of the study."""
        for name, value in tags.items():
            self._client.set_tag(self.run_id, name, value)

    def tag_version(self, settings: Settings, number: int, **tags: str) -> None:
        """Tag a registered version that the study led to."""
        for name, value in tags.items():
            self._client.set_model_version_tag(settings.mlflow.registered_model, str(number), name, value)

    def close(self, status: str) -> None:
        """End the run of the study until it goes on."""
        self._client.set_terminated(self.run_id, status=status)


def _is_there(client: "MlflowClient", run_id: str) -> bool:
    found = find_run(client, run_id)
    return found is not None and str(found.info.lifecycle_stage) == "active"


def _text(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return (text if not isinstance(value, dict) else json.dumps(value))[:_LONGEST]
