"""The service under load, beside a constant and beside the servers of Feast and MLflow, and whether its goals are met.

    make bench-serving
    make bench-serving ARGS="--customers 956645 --seconds 30 --no-peers"
    make bench-serving ARGS="--soak 30"

Every server has one core and the load comes from another. Without --data-dir a bank is made, and kept; a bank that is given is
copied, without its landing files, so that no answer of the bench is in its log. Figures go to benchmarks/results. The exit code
is 1 where a goal is missed that every machine must meet: an answer that is not 200, one that is not logged, memory that grows.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from report import surroundings
from serving_bank import Bank, made_bank, own_copy
from serving_constant import PATH
from serving_figures import (
    CLOSED,
    IDS,
    LOOKUP,
    MISSED,
    ONLINE,
    OPEN,
    PREDICTED,
    RECORDS,
    SCORE,
    SLOW_CONSTANT,
    THE_CONSTANT,
    Figures,
    Goal,
    Held,
    Load,
)
from serving_load import WARM_SECONDS, Request, Told, closed_loop, need_tools, open_loop
from serving_report import goals_table, page
from serving_servers import Server, constant_server, feast_server, mlflow_server, own_server, until_answered, wait_until_quiet
from serving_soak import EVERY, Soak, soak

HERE = Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = 0, 1
RATES = {LOOKUP: 4_000.0, SCORE: 1_000.0, IDS: 10.0, RECORDS: 4.0}
"""Requests a second of open loops."""
SOAK_RATES = {LOOKUP: 500.0, SCORE: 50.0}
QUICK, QUICK_SECONDS = 0.05, 1.0
"""The share of the rates, and the seconds of a load, of a quick run."""
PEERS_SHARE = 0.5
"""An open loop asks a peer as often as this share of what it can answer."""


class Bench:
    """Puts loads on servers and keeps what comes of it."""

    def __init__(self, seconds: float, folder: Path) -> None:
        self._seconds, self._folder = seconds, folder
        self.figures = Figures()

    def open(self, row: str, server: Server, requests: Sequence[Request], rate: float) -> None:
        """Measure an open loop."""
        self._measure(
            row, server, OPEN, rate,
            lambda: open_loop(server.address, requests, rate, self._seconds, LOAD_CORE, self._folder).told(rate),
        )  # fmt: skip

    def closed(self, row: str, server: Server, requests: Sequence[Request]) -> Told:
        """Measure a closed loop."""
        return self._measure(
            row, server, CLOSED, 0.0, lambda: closed_loop(server.address, requests, self._seconds, LOAD_CORE, self._folder)
        )

    def _measure(self, row: str, server: Server, loop: str, rate: float, load: Any) -> Told:
        wait_until_quiet(server)
        me, cores = psutil.Process(), psutil.cpu_count() or 1
        before, mine, idle, began = server.processor_seconds(), _mine(me), _idle(), time.monotonic()
        told: Told = load()
        seconds, after = time.monotonic() - began, server.processor_seconds()
        used = {pid: spent - before.get(pid, 0.0) for pid, spent in after.items()}
        busiest, of_all = max(used.values()), sum(used.values())
        others = max(0.0, cores - (_idle() - idle + of_all + _mine(me) - mine) / seconds)
        # an open loop sends to warm up too, which the processes of the server answered as well
        answers = max(told.answers * (1 + WARM_SECONDS / told.seconds if loop == OPEN else 1), 1)
        a_us = 1e6 / answers
        found = Load(row, server.name, loop, rate, told, busiest * a_us, (of_all - busiest) * a_us, round(others, 2))
        self.figures.loads.append(found)
        _say(
            f"{row}, {server.name}, {loop}: {told.p50:.2f} / {told.p99:.2f} / {told.p999:.2f} ms, {told.per_second:,.0f}/s, "
            f"{found.processor_us:.0f} us of a processor, {told.errors} errors, sent late {told.late:.2f} ms, others {others:.1f}"
        )
        return told


def main() -> None:
    """Measure, report."""
    asked = _options().parse_args()
    if asked.quick:
        asked.seconds, asked.rounds = QUICK_SECONDS, 1
    need_tools()
    asked.folder.mkdir(parents=True, exist_ok=True)
    around, figures, soaked = surroundings(), Figures(), None
    with tempfile.TemporaryDirectory(dir=asked.folder) as work:
        data = asked.data_dir or made_bank(asked.folder, asked.customers)
        bank = Bank.of(own_copy(data, Path(work) / "data"))
        about: dict[str, Any] = {"customers": bank.customers}
        if asked.loads:
            figures = _loads(bank, asked, Path(work), about)
        if asked.soak:
            soaked = _soak(bank, asked, Path(work))
    _write(asked, figures, soaked, around, about)
    sys.exit(1 if any(goal.everywhere and goal.told == MISSED for goal in _goals(figures, soaked)) else 0)


def _loads(bank: Bank, asked: argparse.Namespace, work: Path, about: dict[str, Any]) -> Figures:
    """Put every load on every server, in rounds: those of the service and of the constant in turns, then the peers."""
    bench, share = Bench(asked.seconds, work), QUICK if asked.quick else 1.0
    with (
        own_server(bank.settings.data, SERVER_CORE, work).running() as ours,
        constant_server(SERVER_CORE, work).running() as flat,
    ):
        lookups, records, constant = bank.lookups(), bank.scorings(), [Request(PATH)]
        until_answered(ours.address + records[0].path, ours.process, ours.log, records[0].body.encode())
        about |= {"rounds": asked.rounds, "seconds": asked.seconds}
        _need_list(ours, records[0])
        about |= {"answer_bytes": len(_answer(ours, lookups[0])), "record_bytes": len(records[0].body)}
        pairs = [
            ((LOOKUP, ours, lookups), (THE_CONSTANT, flat, constant), RATES[LOOKUP]),
            ((SCORE, ours, records), (SLOW_CONSTANT, flat, constant), RATES[SCORE]),
        ]
        many = [(IDS, ours, bank.calls_for_many()), (RECORDS, ours, bank.scorings_of_many())]
        for turn in range(asked.rounds):
            for ours_is, constant_is, rate in pairs:
                for row in (ours_is, constant_is)[:: 1 if turn % 2 == 0 else -1]:
                    bench.open(*row, rate * share)
            for row in many:
                bench.open(*row, max(RATES[row[0]] * share, 2.0))
            for row in ((LOOKUP, ours, lookups), (THE_CONSTANT, flat, constant), (SCORE, ours, records))[
                :: 1 if turn % 2 == 0 else -1
            ]:
                bench.closed(*row)
        bench.figures.held += [_held(each) for each in (ours, flat)]
    if asked.peers:
        _peers(bank, bench, asked, work)
    return bench.figures


def _peers(bank: Bank, bench: Bench, asked: argparse.Namespace, work: Path) -> None:
    """Put the same questions to the servers of Feast and MLflow."""
    model, columns = bank.registered_model()
    for row, starting, requests in (
        (ONLINE, feast_server(bank.settings.data, SERVER_CORE, work), bank.of_feast()),
        (PREDICTED, mlflow_server(model, SERVER_CORE, work), bank.of_mlflow(columns)),
    ):
        with starting.running() as peer:
            until_answered(peer.address + requests[0].path, peer.process, peer.log, requests[0].body.encode())
            for _ in range(asked.rounds):
                told = bench.closed(row, peer, requests)
                bench.open(row, peer, requests, max(round(told.per_second * PEERS_SHARE), 1))
            bench.figures.held.append(_held(peer))


def _soak(bank: Bank, asked: argparse.Namespace, work: Path) -> Soak:
    """Run a soak on a service of its own."""
    with own_server(bank.settings.data, SERVER_CORE, work).running() as ours:
        record = bank.scorings()[0]
        until_answered(ours.address + record.path, ours.process, ours.log, record.body.encode())
        rates = {name: rate * (QUICK * 2 if asked.quick else 1.0) for name, rate in SOAK_RATES.items()}
        return soak(ours, bank, rates, asked.soak * 60, asked.every, LOAD_CORE, work)


def _write(
    asked: argparse.Namespace, figures: Figures, soaked: Soak | None, around: dict[str, Any], about: dict[str, Any]
) -> None:
    """Print the goals, and write NAME.md and NAME.json."""
    print(goals_table(_goals(figures, soaked)))
    asked.results.mkdir(parents=True, exist_ok=True)
    content = {"surroundings": around, "about": about, **figures.as_json(), "soak": soaked and soaked.as_json()}
    (asked.results / f"{asked.name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (asked.results / f"{asked.name}.md").write_text(page(figures, soaked, around, about), encoding="utf-8")


def _goals(figures: Figures, soaked: Soak | None) -> list[Goal]:
    return [*(figures.goals() if figures.loads else []), *(soaked.goals() if soaked else [])]


def _held(server: Server) -> Held:
    return Held(server.name, server.start_seconds, server.start_processor_seconds, server.private_mb())


def _answer(server: Server, request: Request) -> bytes:
    headers = {"Content-Type": "application/json"} if request.body else {}
    sent = urllib.request.Request(server.address + request.path, request.body.encode() or None, headers)  # noqa: S310
    with urllib.request.urlopen(sent, timeout=10) as answer:  # noqa: S310  (our own address)
        return bytes(answer.read())


def _need_list(server: Server, record: Request) -> None:
    """End this program where a record gets no list, which would be answered sooner than a list is."""
    [result] = json.loads(_answer(server, record))["results"]
    if not result["recommendations"]:
        sys.exit(f"error: a record of the bench gets no list: {result['refused']}")


def _mine(me: psutil.Process) -> float:
    """Processor seconds of this process and of those it started that have ended."""
    times = me.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _idle() -> float:
    times = psutil.cpu_times()
    return float(times.idle + getattr(times, "iowait", 0.0))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--folder", type=Path, default=HERE.parent / "data" / "bench-serving", help="banks that are made, which are kept")
    add("--data-dir", type=Path, help="a bank of one's own with a published month; the default is to make one")
    add("--customers", type=int, default=20_000, help="of the bank that is made; 956645 is the full size, which takes 6 GB")
    add("--seconds", type=float, default=10.0, help="of a load")
    add("--rounds", type=int, default=3, help="loads are measured in turns; figures are medians over the rounds")
    add("--peers", action=argparse.BooleanOptionalAction, default=True, help="measure feast serve and mlflow models serve too")
    add("--loads", action=argparse.BooleanOptionalAction, default=True, help="measure the table of loads")
    add(
        "--soak",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="afterwards, a load of so many minutes with a month every minute",
    )
    add("--every", type=float, default=EVERY, metavar="SECONDS", help="between two months of a soak")
    add("--quick", action="store_true", help="one round of a second a load at a twentieth of the rates: whether all works")
    add("--results", type=Path, default=HERE / "results")
    add("--name", default="serving", help="of the files of results")
    return parser


if __name__ == "__main__":
    main()
