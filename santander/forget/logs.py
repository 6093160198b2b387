"""Log files of runs that name a person: their lines lose the numbers that say so."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from santander.forget.decoding import in_text
from santander.forget.search import traces_in
from santander.logs.files import log_files
from santander.logs.unnamed import without_numbers
from santander.suppression.tokens import Numbers

if TYPE_CHECKING:
    from santander.config.settings import Settings

_MESSAGE = b'"message": '


def clean_logs(settings: "Settings", ids: Numbers, *, dry_run: bool) -> list[str]:
    """Hide the numbers in the lines of log files that name one of these persons; return the names of the files."""
    named = [file for file in log_files(settings.state) if traces_in(settings, file, ids, is_ours=True).traces]
    if not dry_run:
        for file in named:
            _clean(file, ids)
    return [str(file) for file in named]


def _clean(file: Path, ids: Numbers) -> None:
    """Write over the lines where they stand: another process may be adding to the file."""
    with file.open("r+b") as log:
        at = 0
        for line in log.read().splitlines(keepends=True):
            if any(np.isin(values, ids).any() for _, values in in_text(io.BytesIO(line), ids, ours=True)):
                os.pwrite(log.fileno(), _hidden(line), at)
            at += len(line)


def _hidden(line: bytes) -> bytes:
    """Return the line without numbers in its message, as long as it was."""
    head, key, message = line.partition(_MESSAGE)
    if not key:
        head, message = b"", line
    end = b"\n" if line.endswith(b"\n") else b""
    text = message.removesuffix(b"\n").decode(errors="surrogateescape")
    hidden = head + key + without_numbers(text).encode(errors="surrogateescape")
    return hidden.ljust(len(line) - len(end)) + end
