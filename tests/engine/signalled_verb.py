"""A verb that most often does not end by itself: it says when it is ready to be ended; its first argument says where it stays."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.cli.app import run_alone
from santander.cli.verb import Outcome, verb

if TYPE_CHECKING:
    from santander.config.settings import Settings


@dataclass(frozen=True)
class Nothing:
    """A payload without keys."""


@verb
def stay(what: str, *, settings: "Settings") -> Outcome:
    """Stay in a query of the engine, in native code, beside a child or a fork that a signal ends; or speak, or break."""
    if what == "engine":
        from santander.engine.session import open_session

        with open_session(settings) as session:
            print("ready", flush=True)
            session.range(10**15).selectExpr("sum(xxhash64(id) % 7)").collect()
    if what == "speak":
        for logger in ("santander.anything", "some.library"):
            for level in (logging.DEBUG, logging.INFO, logging.WARNING):
                logging.getLogger(logger).log(level, "spoken")
        return Outcome(Nothing(), ["the result"])
    if what == "break":
        raise KeyError("lost")
    if what == "child":
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
    if what == "fork":
        fork = os.fork()
        if fork == 0:
            time.sleep(600)
        os.kill(fork, signal.SIGTERM)
        print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), flush=True)
        return Outcome(Nothing())
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # never comes back to the interpreter
    return Outcome(Nothing())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    run_alone(stay)
