"""Steps share the lock, an erasure has it alone, and who dies lets go of it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from santander.lake.locks import PersonsBusy, alone, beside_other_steps

HOLDER = """
import sys
from pathlib import Path
from santander.lake.locks import alone, beside_other_steps
with {kind}(Path(sys.argv[1]), 0):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(kind: str, folder: Path) -> "subprocess.Popen[str]":
    """Another process that holds the lock until it is told to end, or killed."""
    command = [sys.executable, "-c", HOLDER.format(kind=kind), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_steps_run_side_by_side_and_an_erasure_is_refused_beside_one(tmp_path: Path) -> None:
    with holder("beside_other_steps", tmp_path) as step:
        with beside_other_steps(tmp_path, 0):
            pass
        with pytest.raises(PersonsBusy, match=r"at work on rows of customers: waited 0 s \(locks.wait\)"), alone(tmp_path, 0):
            pass
        step.kill()
        step.wait()
        with alone(tmp_path, 5):
            pass


def test_a_step_is_refused_beside_an_erasure_until_that_is_dead(tmp_path: Path) -> None:
    with holder("alone", tmp_path) as erasure:
        with pytest.raises(PersonsBusy, match="another run is forgetting customers"), beside_other_steps(tmp_path, 0.1):
            pass
        erasure.kill()
        erasure.wait()
        with beside_other_steps(tmp_path, 5):
            pass


def test_a_step_within_a_step_takes_nothing_and_leaves_the_lock_held(tmp_path: Path) -> None:
    with beside_other_steps(tmp_path, 0):
        with beside_other_steps(tmp_path, 0):
            pass
        with pytest.raises(PersonsBusy), alone(tmp_path, 0):
            pass
    with alone(tmp_path, 0):
        pass


def test_a_step_that_comes_while_an_erasure_waits_comes_after_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    order: list[str] = []

    def erase() -> None:
        with alone(tmp_path, 30):
            order.append("erasure")

    with caplog.at_level("INFO", "santander.lake"), holder("beside_other_steps", tmp_path) as first:
        erasing = threading.Thread(target=erase)
        erasing.start()
        while "waiting for it" not in caplog.text:
            erasing.join(0.01)
        with pytest.raises(PersonsBusy, match="another run is forgetting customers"), beside_other_steps(tmp_path, 0):
            pass
        first.communicate("")
        erasing.join()
    with beside_other_steps(tmp_path, 0):
        order.append("step")
    assert order == ["erasure", "step"]
