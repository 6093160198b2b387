"""Progress where there is no terminal: lines now and then, and one at the end."""

import logging

import pytest

from santander.training import progress


def test_lines_come_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 11.0, 12.0, 13.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))  # type: ignore[attr-defined]
    with caplog.at_level(logging.INFO, logger="santander"), progress.progress_of("fit") as tell:
        for done, loss in [(1, 2.0), (2, 1.5), (3, 1.2), (4, None)]:
            tell(done, 4, loss)
    assert [record.getMessage() for record in caplog.records] == ["fit: round 2 of 4 loss 1.5000", "fit: round 4 of 4"]
