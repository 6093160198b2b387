"""Environments of tests and of the processes they start: settings of whoever runs the tests are none of theirs."""

import os
from pathlib import Path

import pytest

CONF_DIR, CONF_LOCAL = "SANTANDER_CONF_DIR", "SANTANDER_CONF_LOCAL"


def without_settings(*more: str) -> dict[str, str]:
    """Return this environment without variables that begin with SANTANDER_ or ``more``; ``conf/local`` stays the empty one."""
    dropped = ("SANTANDER_", *more)
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped) or name == CONF_LOCAL}


def use_conf(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take ``base`` and ``local`` of a conf folder."""
    patch.setenv(CONF_DIR, str(folder))
    patch.delenv(CONF_LOCAL)
