"""Load on a server: an open loop at a fixed rate by vegeta, a closed one by wrk, and what they wrote, read.

vegeta sends when a request is due, whether or not those before it were answered. Latency counts from when a request was due and
not from when it was sent, so that a pause of the server, or of the generator, counts for all that should have been sent in it.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).resolve().parent
WARM_SECONDS = 1.0
"""What an open loop sends at first, while its connections are made, is not counted."""
CONNECTIONS = 16
"""Of a closed loop."""
MOST_CONNECTIONS = 128
"""Of an open loop, as of a proxy that keeps connections open: beyond them a request waits, and its latency counts on."""
_COLUMNS = ("timestamp", "code", "latency", "bytes_out", "bytes_in", "error", "body", "attack", "seq", "method", "url", "headers")
_NS = 1e-9


@dataclass(frozen=True, slots=True)
class Request:
    """One request that is sent; ``body`` is JSON, or empty."""

    path: str
    body: str = ""

    @property
    def method(self) -> str:
        """GET without a body, else POST."""
        return "POST" if self.body else "GET"


@dataclass(frozen=True, slots=True)
class Told:
    """What a load tool saw. Latencies in milliseconds."""

    answers: int
    """With status 200."""
    errors: int
    seconds: float
    p50: float
    p99: float
    p999: float
    late: float = 0.0
    """The 99th percentile of how much later than due requests were sent, which is the generator's own fault."""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Answers:
    """Every answer of an open loop, in the order in which they were due."""

    due: npt.NDArray[np.float64]
    """Seconds since 1970."""
    latency: npt.NDArray[np.float64]
    """Seconds from when it was due to its end."""
    late: npt.NDArray[np.float64]
    """Seconds from when it was due to when it was sent."""
    code: npt.NDArray[np.int64]
    """The status; 0 where none came."""

    @classmethod
    def read(cls, lines: IO[bytes], rate: float) -> "Answers":
        """Read what ``vegeta encode --to csv`` writes."""
        import pyarrow as pa
        from pyarrow import csv

        table = csv.read_csv(
            lines,
            read_options=csv.ReadOptions(column_names=list(_COLUMNS)),
            convert_options=csv.ConvertOptions(
                include_columns=["timestamp", "code", "latency", "seq"],
                column_types={name: pa.int64() for name in ("timestamp", "code", "latency", "seq")},
            ),
        ).sort_by("seq")
        sent, code, latency, number = (table[name].to_numpy() for name in ("timestamp", "code", "latency", "seq"))
        after = (number / rate * 1e9).astype(np.int64)
        due = (sent - after).min() + after  # the one that was sent most in time was due when it was sent
        late = (sent - due) * _NS
        return cls(due * _NS, latency * _NS + late, late, code)

    def after(self, seconds: float) -> "Answers":
        """Return those that were due so long after the first."""
        kept = self.due >= self.due[0] + seconds
        return Answers(self.due[kept], self.latency[kept], self.late[kept], self.code[kept])

    def told(self, rate: float) -> Told:
        """Return the figures of all of them."""
        p50, p99, p999 = (float(each) for each in np.percentile(self.latency * 1e3, (50, 99, 99.9)))
        good = int((self.code == 200).sum())
        late = float(np.percentile(self.late * 1e3, 99))
        return Told(good, len(self.code) - good, len(self.code) / rate, p50, p99, p999, late)


def open_loop(address: str, requests: Sequence[Request], rate: float, seconds: float, core: int, folder: Path) -> Answers:
    """Send so many requests a second for so many seconds, from this core; return all answers but those to warm up."""
    process = start_open_loop(address, requests, rate, seconds + WARM_SECONDS, core, folder / "open")
    return end_open_loop(process, rate, folder / "open").after(WARM_SECONDS)


def start_open_loop(
    address: str, requests: Sequence[Request], rate: float, seconds: float, core: int, name: Path
) -> subprocess.Popen[bytes]:
    """Begin to send; ``name`` is that of the files that come of it, without an ending."""
    targets = name.with_suffix(".json")
    with targets.open("w") as out:
        for request in requests:
            target: dict[str, Any] = {"method": request.method, "url": address + request.path}
            if request.body:
                encoded = base64.b64encode(request.body.encode()).decode()
                target |= {"body": encoded, "header": {"Content-Type": ["application/json"]}}
            out.write(json.dumps(target) + "\n")
    command = [
        "taskset", "-c", str(core), vegeta(), "attack", "-format", "json", "-targets", str(targets), "-rate", f"{rate:g}/1s",
        "-duration", f"{seconds:g}s", "-workers", str(CONNECTIONS), "-max-connections", str(MOST_CONNECTIONS),
        "-max-body", "0", "-timeout", "10s",
        "-output", str(name.with_suffix(".bin")),
    ]  # fmt: skip
    return subprocess.Popen(command)


def end_open_loop(process: subprocess.Popen[bytes], rate: float, name: Path) -> Answers:
    """Wait until all is sent and answered; return the answers."""
    if process.wait():
        sys.exit(f"vegeta ended with code {process.returncode}")
    encode = [vegeta(), "encode", "--to", "csv", str(name.with_suffix(".bin"))]
    with subprocess.Popen(encode, stdout=subprocess.PIPE) as encoding:
        assert encoding.stdout is not None  # noqa: S101  (a pipe was asked for)
        return Answers.read(encoding.stdout, rate)


def closed_loop(address: str, requests: Sequence[Request], seconds: float, core: int, folder: Path) -> Told:
    """Send from this core on some connections, on each the next request as soon as the one before is answered."""
    lines, results = folder / "closed.txt", folder / "closed.json"
    lines.write_text("".join(f"{each.method}\t{each.path}\t{each.body}\n" for each in requests))
    results.unlink(missing_ok=True)
    command = [
        "taskset", "-c", str(core), wrk(), "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds:g}s", "--timeout", "10s",
        "-s", str(HERE / "serving_load.lua"), address, "--", str(lines),
    ]  # fmt: skip
    subprocess.run(command, env=os.environ | {"WRK_RESULTS": str(results)}, stdout=subprocess.DEVNULL, check=True)
    return closed_told(results.read_text())


def closed_told(written: str) -> Told:
    """Read what ``serving_load.lua`` writes."""
    told = json.loads(written)
    p50, p99, p999 = (told[name] / 1e3 for name in ("p50", "p99", "p99.9"))
    return Told(told["answers"] - told["errors"], told["errors"], told["microseconds"] / 1e6, p50, p99, p999)


@cache
def vegeta() -> str:
    """Return the path of the program; ends this one where it is missing."""
    look = [str(HERE.parent / "deploy" / "install-load-generator.sh"), "--installed"]
    found = subprocess.run(look, capture_output=True, text=True, check=False)
    return found.stdout.strip() or sys.exit("error: vegeta is missing; run deploy/install-load-generator.sh, which needs Go")


@cache
def wrk() -> str:
    """Return the path of the program; ends this one where it is missing."""
    return shutil.which("wrk") or sys.exit("error: wrk is missing; run deploy/install-packages.sh wrk")


def need_tools() -> None:
    """End this program, with a line that says what to do, where one that it starts is missing."""
    vegeta()
    wrk()
    if shutil.which("taskset") is None:
        sys.exit("error: taskset is missing, which comes with util-linux: this bench runs on Linux")
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("error: two cores are needed, one for the server and one for the load")
