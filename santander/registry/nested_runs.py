"""Several fits that are compared with each other, in MLflow: a run for each below one run for all."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.lake.versions_read import table_versions
from santander.registry.provenance import git_sha, origin_tags, settings_dump
from santander.registry.tracking import experiment_id, open_tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient

LONGEST_PARAMETER = 6000
"""Characters that MLflow keeps of one."""


@dataclass(frozen=True)
class ParentRun:
    """An open run that has others below it."""

    run_id: str
    _client: "MlflowClient"
    _experiment_id: str

    def child(self, name: str, seconds: float, params: Mapping[str, Any], metrics: Mapping[str, float | None]) -> None:
        """A finished run below this one, which took ``seconds`` until now; figures that are None are not known."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        started = now - round(seconds * 1000)
        tags = {"mlflow.parentRunId": self.run_id}
        run_id = self._client.create_run(self._experiment_id, start_time=started, tags=tags, run_name=name).info.run_id
        self._client.log_batch(
            run_id,
            [Metric(key, float(value), now, 0) for key, value in metrics.items() if value is not None],
            [Param(key, str(value)[:LONGEST_PARAMETER]) for key, value in params.items()],
        )
        self._client.set_terminated(run_id, end_time=now)

    def log_text(self, text: str, name: str) -> None:
        """A file beside the figures of all."""
        self._client.log_text(self.run_id, text, name)

    def log_metrics(self, metrics: Mapping[str, float | None]) -> None:
        """Figures of all together."""
        for key, value in metrics.items():
            if value is not None:
                self._client.log_metric(self.run_id, key, float(value))


@contextmanager
def parent_run(
    settings: Settings, lake: Lake, title: str, params: Mapping[str, Any], tags: Mapping[str, str]
) -> Iterator[ParentRun]:
    """A run for what is compared, with its origin; it ends as failed when the block does not end well."""
    client = open_tracking(settings)
    experiment = experiment_id(settings, client)
    origin = origin_tags(table_versions(lake), git_sha())
    run_id = client.create_run(experiment, run_name=title, tags={**origin, **tags}).info.run_id
    for key, value in params.items():
        client.log_param(run_id, key, str(value)[:LONGEST_PARAMETER])
    client.log_dict(run_id, dict(settings_dump(settings)), "settings.json")
    ended = "FAILED"
    try:
        yield ParentRun(run_id, client, experiment)
        ended = "FINISHED"
    finally:
        client.set_terminated(run_id, status=ended)
