"""Opens a session of its own and asks more of it than its pool has: the first argument says what, the second the data folder."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from santander.cli.app import run_alone
from santander.cli.verb import Outcome, verb
from santander.engine.session import open_session

if TYPE_CHECKING:
    from santander.config.settings import Settings

ROWS = 8_000_000


@dataclass(frozen=True)
class Used:
    counted: int
    folders: list[str]
    """Spill folders while the session was open."""
    left: list[str]


@verb
def use(what: str, *, settings: "Settings") -> Outcome:
    """Count keys in groups, which spills, or join them to themselves, which cannot."""
    spill = settings.state / "spill"
    with open_session(settings) as session:
        keys = session.range(ROWS).selectExpr("xxhash64(id) AS key")  # numbers without gaps need no hash table
        found = keys.join(keys, "key") if what == "join" else keys.groupBy("key").count().where("count > 1")
        counted = found.count()
        folders = [folder.name for folder in spill.iterdir()]
    left = [path.name for path in spill.rglob("*")]
    return Outcome(Used(counted, folders, left))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    run_alone(use)
