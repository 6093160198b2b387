"""The pages that ``make mlflow`` opens."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from santander.errors import InputError
from santander.registry.review_page import main, review_pages
from tests.conftest import Bank
from tests.environment import without_settings


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_folder_without_runs_and_a_port_that_cannot_be_used_are_refused_with_the_remedy(
    scored_bank: Bank, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"nowhere has no runs yet: 'make run' makes them, or name another .* by STATE="):
        main(str(port))
    monkeypatch.setenv("STATE", str(scored_bank.settings.state))
    with pytest.raises(InputError, match=r"port abc cannot be used \(no number of a port\)"):
        main("abc")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(InputError, match=rf"port {port} cannot be used \(Address .*in use\): .* 'make mlflow PORT=5001'"):
            main(str(port))


@pytest.mark.sample(push=1, of="long verbs")
def test_the_addresses_are_printed_when_the_server_answers_and_lead_to_the_view(scored_bank: Bank, port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "santander.registry.review_page", str(port)],
        env=without_settings("STATE") | {"SANTANDER_DATA_DIR": str(scored_bank.settings.data_dir)},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            addresses = (line.split()[-1] for line in server.stdout if "/#/" in line)
            assert [next(addresses), next(addresses)] == list(review_pages(base, scored_bank.settings).values())
            with urllib.request.urlopen(f"{base}/", timeout=30) as page:  # noqa: S310  (loopback)
                assert b"<title>MLflow</title>" in page.read()
        finally:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(timeout=30)
