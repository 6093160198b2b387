"""What ``make feast`` asks before Feast is called."""

import socket
from pathlib import Path

import pytest

from santander.errors import InputError
from santander.store.pages import main


def test_a_folder_without_tables_and_a_port_that_cannot_be_used_are_refused_and_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("SANTANDER_DATA_DIR", str(data))
    with pytest.raises(InputError, match=r"data has no tables yet: 'make run' makes them, or name another .* SANTANDER_DATA_DIR"):
        main("8889")
    assert not data.exists()
    (data / "lake").mkdir(parents=True)
    with pytest.raises(InputError, match=r"port abc cannot be used \(no number of a port\)"):
        main("abc")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match=r"cannot be used \(Address .*in use\): .* 'make feast PORT=5001'"):
            main(str(taken.getsockname()[1]))
    assert [path.name for path in data.iterdir()] == ["lake"]
