"""What a worker does with an answer it has given: counts it and puts it into a ring, from where a thread writes it to disk.

``append`` takes a microsecond or two a list and never waits: where the ring is full, as it is soon after the disk is, the list
is counted as dropped. Of a log that was closed ``served = logged + dropped``; of one whose process was killed the difference is
what was in the ring.
"""

import json
import logging
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from santander.errors import telling_line
from santander.serving.log.counters import CLOSED, DROPPED, FLUSHED, LOGGED, SERVED, WANTED, Counters
from santander.serving.log.segments import NOBODY, PACKED_RECORD, RECORD, blank
from santander.serving.log.writing import SegmentWriter

if TYPE_CHECKING:
    from pathlib import Path

    from santander.config.sections import AnswerLogSettings

log = logging.getLogger(__name__)

_BLOCK = 4096
"""Records that are written at a time."""

SOURCES = ("snapshot", "model", "popularity")
LISTS = ("recommendations", "offers")

Erased = Callable[[Iterable[int]], Collection[int]]
"""Those of some customers who have been erased by now."""


class Given(NamedTuple):
    """One list that was given to somebody. ``source`` and ``list`` are places in SOURCES and LISTS, ``month`` is Month.index."""

    customer_id: int | None
    month: int
    version: int
    source: int
    list: int
    products: bytes
    """Seven bits of products, the likeliest first, 255 where there is none."""
    chances: bytes
    """Seven float32, little-endian, NaN where there is none."""
    features: bytes | None = None
    """A JSON object in UTF-8: the features that were scored."""


class Answer(NamedTuple):
    """The answer to one call: what its lists have in common."""

    request_id: bytes
    """16 bytes."""
    time_ns: int
    key: str
    """The name of the caller's key, never the key."""
    microseconds: int


class AnswerLog:
    """The log of one worker process, which makes it itself. ``append`` and ``close`` are for one thread, the event loop's."""

    def __init__(self, folder: "Path", worker: int, settings: "AnswerLogSettings", erased: Erased) -> None:
        self._folder, self._worker, self._settings, self._erased = folder, worker, settings, erased
        self._name = uuid.uuid4().hex
        self._capacity = settings.ring
        self._buffer = memoryview(bytearray(RECORD.itemsize * settings.ring))
        self._features: dict[int, bytes] = {}
        self._keys: dict[str, int] = {}
        self._head = self._tail = 0
        self._counters: Counters = Counters.in_memory()
        self._made: Counters | None = None
        self._said = self._refused = ""
        self._make_counters()
        self._segments = SegmentWriter(folder, self._name, worker, settings)
        self._take_counters()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_until_ended, name="answer log", daemon=True)
        self._thread.start()

    def append(self, answer: Answer, lists: Sequence[Given]) -> None:
        """Take in the lists of an answer, or count those as dropped that cannot be; never waits and never raises."""
        if self._made is not None:
            self._take_counters()
        values = self._counters.values
        sequence = values[SERVED]
        values[SERVED] = sequence + len(lists)
        head = self._head
        end = self._tail + self._capacity
        for given in lists:
            sequence += 1
            if head >= end:
                values[DROPPED] += 1
                continue
            try:
                self._put(head % self._capacity, sequence, answer, given)
            except Exception as error:  # noqa: BLE001  (what cannot be logged has been answered all the same)
                values[DROPPED] += 1
                self._refused = repr(error)
            else:
                head += 1
        self._head = head

    @property
    def served(self) -> int:
        """Answers given."""
        return self._counters.values[SERVED]

    @property
    def logged(self) -> int:
        """Answers in segments."""
        return self._counters.values[LOGGED]

    @property
    def dropped(self) -> int:
        """Answers left out of the log."""
        return self._counters.values[DROPPED]

    @property
    def waiting(self) -> int:
        """Answers in the ring that are not on disk yet."""
        return self._head - self._tail

    def close(self) -> None:
        """Write what is in the ring, count as dropped what cannot be written, and let go of the files."""
        self._ended.set()
        self._thread.join()
        if self._made is not None:
            self._take_counters()
        self._flush()
        self._segments.close()
        values = self._counters.values
        values[DROPPED] += self.waiting
        values[CLOSED] = 1
        self._tail = self._head
        log.info("answers: %s served, %s logged, %s dropped", self.served, self.logged, self.dropped)
        self._counters.let_go()

    def _put(self, place: int, sequence: int, answer: Answer, given: Given) -> None:
        request_id, time_ns, key, microseconds = answer
        customer, month, version, source, list_, products, chances, features = given
        number = self._keys.get(key)
        if number is None:
            number = self._keys[key] = len(self._keys)
        PACKED_RECORD.pack_into(
            self._buffer, place * RECORD.itemsize, sequence, time_ns, NOBODY if customer is None else customer, request_id,
            chances, version, microseconds, 0 if features is None else len(features), month, number, products, source, list_,
        )  # fmt: skip
        if features is not None:
            self._features[place] = features

    def _write_until_ended(self) -> None:
        while not self._ended.wait(self._settings.flush_seconds):
            self._flush()

    def _flush(self) -> None:
        """Write what was in the ring; where that fails it stays there until there is room again."""
        values = self._counters.values
        wanted = values[WANTED]
        if self._refused:
            log.warning("an answer could not be logged: %s", self._refused)
            self._refused = ""
        try:
            if self._counters.path is None:
                self._make_counters()
                return  # the thread that counts takes them, with its next answer
            self._write_up_to(self._head)
            self._segments.rotate()
        except Exception as error:  # noqa: BLE001  (a thread that ended would drop all that comes)
            self._say(f"answers cannot be logged and wait in memory: {telling_line(error)}")
        else:
            self._say("")
        values[FLUSHED] = wanted

    def _write_up_to(self, head: int) -> None:
        names = json.dumps(list(self._keys)).encode()
        while self._tail < head:
            place = self._tail % self._capacity
            count = min(head - self._tail, self._capacity - place, _BLOCK)
            part = self._buffer[place * RECORD.itemsize : (place + count) * RECORD.itemsize]
            records = np.frombuffer(part, RECORD)
            if gone := self._erased(records["customer_id"].tolist()):
                theirs = np.flatnonzero(np.isin(records["customer_id"], list(gone)))
                blank(records, theirs)
                for which in (place + theirs).tolist():
                    if which in self._features:
                        self._features[which] = bytes(len(self._features[which]))
            features = [self._features.get(each, b"") for each in range(place, place + count)] if self._features else []
            end = self._counters.values[LOGGED] + count
            self._segments.write((part, names, b"".join(features)), count, end, int(records["sequence"][0]))
            for each in range(place, place + count) if features else ():
                self._features.pop(each, None)
            self._counters.values[LOGGED] = end
            self._tail += count

    def _make_counters(self) -> None:
        try:
            self._made = Counters.make(self._folder, self._name, self._worker)
        except OSError as error:
            self._say(f"answers are counted in memory only: {telling_line(error)}")

    def _take_counters(self) -> None:
        """Count in the file from now on, which could perhaps not be made when the log began."""
        if self._made is None:
            return
        for slot in (SERVED, DROPPED):
            self._made.values[slot] = self._counters.values[slot]
        self._counters, self._made = self._made, None

    def _say(self, message: str) -> None:
        if message and message != self._said:
            log.warning(message)
        self._said = message
