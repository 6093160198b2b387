"""What lies in ``conf/local`` of the checkout is that of the person who works in it: no test may meet it."""

import os
import subprocess
import sys

from santander.config.conf_files import conf_dir, local_conf_dir
from tests.environment import CONF_DIR, without_settings

ASKED = "from santander.config.conf_files import local_conf_dir; print(*local_conf_dir().iterdir(), sep='\\n')"


def test_conf_local_of_a_test_run_is_empty_and_not_that_of_the_checkout() -> None:
    assert CONF_DIR not in os.environ
    assert local_conf_dir() != conf_dir() / "local"
    assert list(local_conf_dir().iterdir()) == []


def test_a_process_that_a_test_starts_without_settings_finds_the_empty_one_too() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], env=without_settings(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
