"""Tests that need one certain engine in their own process are left out when the other one runs."""

import pytest

SPARK_ONLY = {"test_distributed.py"}
SAIL_ONLY = {"test_lost_worker.py"}
"""Its Spark runs in processes of its own; the bank they read is made sooner by the embedded engine."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unfit = SPARK_ONLY if config.getoption("--engine") == "sail" else SAIL_ONLY
    left_out = [item for item in items if item.path.parent.name == "training" and item.path.name in unfit]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
