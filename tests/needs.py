"""What some tests need beside Python: where it cannot be had they are skipped and counted, and CI takes a skip for a failure."""

import os
from typing import NoReturn

import pytest

from santander.engine.cluster.java import NoJava, find_java_home


def lacking(reason: str) -> NoReturn:
    """Skip the test, or fail it under SANTANDER_REQUIRE=all, which CI sets."""
    if os.environ.get("SANTANDER_REQUIRE") == "all":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need_java() -> None:
    """Go on only where Apache Spark can start."""
    try:
        find_java_home()
    except NoJava as none:
        lacking(str(none))
