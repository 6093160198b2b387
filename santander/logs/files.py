"""The log files of a state folder: their names, the last one, and those that are old enough to go."""

import re
import time
from contextlib import suppress
from pathlib import Path

FOLDER = "logs"
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-r[0-9a-f]{8}-[a-z-]+\.jsonl")
_SECONDS_A_DAY = 86_400


def log_files(state: Path) -> list[Path]:
    """Log files of runs, the oldest first; none where there is no such folder, or it cannot be read."""
    with suppress(OSError):
        return sorted(file for file in (state / FOLDER).iterdir() if _NAME.fullmatch(file.name))
    return []


def remove_old_logs(state: Path, days: int) -> None:
    """Remove log files that nobody has written to for longer than ``days``; one that cannot be removed stays."""
    before = time.time() - days * _SECONDS_A_DAY
    for file in log_files(state):
        with suppress(OSError):  # another run may remove it at the same time
            if file.stat().st_mtime < before:
                file.unlink()
