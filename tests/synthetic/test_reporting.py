"""The verdict of bank-report: what lies outside is marked, counted and fails."""

from rich.console import Console

from santander.bank_report.banks import Audit, Reach
from santander.bank_report.figures import Figure
from santander.bank_report.reporting import payload, tables
from santander.schema.months import Month
from santander.schema.records import plain

GOOD = Figure("buyers", "2016-05", expected=1_000.0, seen=1_020.0, allowed=50.0)
BAD = Figure("buyers", "2016-05", expected=1_000.0, seen=1_200.0, allowed=50.0)


def reach(*, oracle: float = 0.9, baseline: float = 0.73, lag_1: float = 0.82) -> Reach:
    return Reach(Month(2016, 5), ceiling=0.03, oracle=oracle, baseline=baseline, model=0.88, lag_1=lag_1)


def printed(audits: list[Audit]) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        for part in tables(audits):
            console.print(part)
    return capture.get()


def test_figures_of_all_banks_stand_side_by_side_and_the_wrong_one_is_marked() -> None:
    text = printed([Audit(11, [GOOD], []), Audit(12, [BAD], [])])
    row = next(line for line in text.split("\n") if "2016-05" in line)
    assert all(cell in row for cell in ("1,000", "1,020", "1,200", "± 50", "outside"))
    assert "2 counts, 1 of them outside what is allowed" in text


def test_one_wrong_figure_is_no_agreement() -> None:
    good, bad = Audit(11, [GOOD], []), Audit(12, [BAD], [])
    assert payload([good]).agrees
    verdict = payload([good, bad])
    assert not verdict.agrees
    figure = {"group": "buyers", "name": "2016-05", "expected": 1_000.0, "seen": 1_200.0, "allowed": 50.0}
    assert plain(verdict)["banks"][1]["outside"] == [figure]


def test_shares_as_calibrated_agree() -> None:
    assert reach().disagreements(full_size=True) == []


def test_each_share_that_is_off_is_named_at_full_size() -> None:
    assert len(reach(oracle=0.915).disagreements(full_size=True)) == 1
    assert len(reach(baseline=0.69).disagreements(full_size=True)) == 1
    assert reach(oracle=0.8, baseline=0.5).disagreements(full_size=False) == []


def test_history_that_is_worth_little_fails_at_any_size() -> None:
    complaints = reach(lag_1=0.86).disagreements(full_size=False)
    assert complaints == ["lag 1 alone loses 0.020, less than 0.03"]
    audit = Audit(11, [GOOD], [], reach(lag_1=0.86), complaints)
    assert not audit.agrees
    assert "seed 11: lag 1 alone loses 0.020" in printed([audit])
