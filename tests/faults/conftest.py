"""The fault suite: its world is made once, and what was survived is told at the end."""

import pytest

from santander.config.settings import Settings
from santander.relocation.settle import remember
from santander.serving.snapshot.publish import publish
from tests.faults.tally import TALLY
from tests.faults.world import World


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY.anything():
        terminalreporter.section("faults")
        for line in TALLY.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def made(world: World) -> Settings:
    """The scored folder of the world, with its month published; tests of the service copy it."""
    settings = world.settings(world.copy_of("scored"))
    publish(settings, None)
    remember(settings)
    return settings
