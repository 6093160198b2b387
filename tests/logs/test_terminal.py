"""Lines of the log on the terminal."""

import logging
from collections.abc import Iterator
from functools import partial

import pytest

from santander.cli.refusal import with_options
from santander.logs.terminal import Loudness, complete_lines, show_on_terminal


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("santander")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    complete_lines(str)


def test_a_command_in_a_line_is_about_the_folders_that_were_typed(capsys: pytest.CaptureFixture[str]) -> None:
    show_on_terminal(Loudness.NORMAL)
    complete_lines(partial(with_options, options={"data_dir": "bank"}))
    logging.getLogger("santander.anything").warning("version 3 waits: 'santander promote --version 3' lets it")
    assert capsys.readouterr().err.endswith("'santander promote --version 3' lets it (with --data-dir bank)\n")
