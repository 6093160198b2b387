"""Log files that are old enough go, and nothing else does."""

import os
import time
from pathlib import Path

from santander.logs.run_log import log_files, remove_old_logs

DAY = 86_400


def test_old_logs_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    names = ["20160601T000000Z-r0123abcd-run.jsonl", "20160602T000000Z-r0123abcd-bank-report.jsonl", "mine.jsonl"]
    for name in names:
        (folder / name).touch()
        os.utime(folder / name, (0, time.time() - (31 if "run" in name else 29) * DAY))
    os.utime(folder / "mine.jsonl", (0, 0))
    remove_old_logs(tmp_path, 30)
    assert log_files(tmp_path) == [folder / names[1]]
    assert sorted(file.name for file in folder.iterdir()) == names[1:]
    remove_old_logs(tmp_path / "nowhere", 30)
    assert log_files(tmp_path / "nowhere") == []
