"""What the suite really did: counted by the tests as they go, printed at the end of the session by ``conftest.py``."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from tests.sample import seed


@dataclass
class Tally:
    """Counts of a session. A kill, fault or input counts when everything that it was followed by has been checked."""

    kills: Counter[str] = field(default_factory=Counter)
    """Survived kills by where they fell, such as ``sail ingest customers``."""
    faults: int = 0
    """Full disks, meetings of two runs, and what a service under load has borne."""
    inputs: int = 0
    rows_lost: int = 0
    """Rows of a month that were in neither its old nor its new content, counted before anything is asserted."""
    services: list[str] = field(default_factory=list)
    """Faults that a service under load has borne, with its counts."""
    _lock: Lock = field(default_factory=Lock)

    def survived(self, place: str) -> None:
        """Count a kill; the tests kill in several threads."""
        with self._lock:
            self.kills[place] += 1

    def bore(self, fault: str, **counts: int) -> None:
        """Count a fault of a service: what its callers and its log counted."""
        self.faults += 1
        self.services.append(f"{fault}: {', '.join(f'{count:,} {name}' for name, count in counts.items())}")

    def lines(self) -> list[str]:
        """The summary: one line of counts, after the places of the kills."""
        places: dict[str, list[str]] = {}
        for place, count in sorted(self.kills.items()):
            engine_and_verb, _, where = place.rpartition(" ")
            places.setdefault(engine_and_verb, []).append(f"{where} {count}")
        counts = f"{self.kills.total()} kills, {self.faults} faults, {self.inputs} inputs, rows lost: {self.rows_lost}"
        return [
            *(f"  killed in {engine_and_verb}: {', '.join(found)}" for engine_and_verb, found in places.items()),
            *(f"  served: {line}" for line in self.services),
            f"faults: {counts} (seed {seed()})",
        ]

    def anything(self) -> bool:
        return bool(self.kills or self.faults or self.inputs or self.rows_lost)


TALLY = Tally()
