"""Gives a verb its log file: from when its folders are known to its last line, however it ends."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from santander.config.folders import only_looks
from santander.engine import ending
from santander.errors import SantanderError, telling_line
from santander.logs.run_log import RunLog, remove_old_logs

if TYPE_CHECKING:
    from santander.config.settings import Settings


@dataclass
class Ended:
    """How a verb ended that came to its end: its exit code, and what it complains of."""

    exit_code: int = 0
    error: SantanderError | None = None


@contextmanager
def logged(verb: str, settings: "Settings", options: Mapping[str, Any]) -> Iterator[Ended]:
    """Write what is logged in the block to a file of its own, unless the verb only looks; old files go, save in a dry run."""
    ended = Ended()
    if only_looks(verb):
        yield ended
        return
    if not options.get("dry_run"):
        remove_old_logs(settings.state, settings.logs.retention_days)
    run = RunLog(settings.state, verb)
    RunLog.month = options.get("month")
    logging.getLogger().addHandler(run)
    ending.last_words = run.end_at_once
    try:
        run.begin(f"begins: engine {settings.master}, data folder {settings.data}")
        yield ended
    except SantanderError as error:
        RunLog.month = error.month or RunLog.month
        run.end(logging.ERROR, str(error), anyway=False)  # a refusal makes no folder
        raise
    except Exception as error:
        run.end(logging.ERROR, telling_line(error), error)
        raise
    except BaseException:
        run.end(logging.ERROR, "interrupted", anyway=False)
        raise
    else:
        if ended.error is not None:
            run.end(logging.ERROR, str(ended.error))
        else:
            run.end(logging.WARNING if ended.exit_code else logging.INFO, f"ends with exit code {ended.exit_code}")
    finally:
        ending.last_words = None
        logging.getLogger().removeHandler(run)
        run.close()
        RunLog.month = None
