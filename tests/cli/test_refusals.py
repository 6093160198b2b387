"""An error with --json: one object on the last line of standard output, beside the line on standard error."""

import json
from pathlib import Path

import pytest

from santander.cli.refusal import Refusal, asks_for_json
from santander.errors import InputError
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.landing_files import landing_file, record

FIELDS = {"error", "code", "file", "month", "column", "example", "line", "hint"}


@pytest.mark.parametrize(
    ("words", "code", "of"),
    [
        (["--json", "ingest", "a.csv"], 2, {"file": "a.csv", "line": 1, "column": "ncodpers", "month": None}),
        (["ingest", "--bogus", "--json"], 2, {"hint": "see 'santander ingest --help'", "file": None}),
        (["features", "--json", "--month", "2015-13"], 2, {"example": "2015-13", "hint": "the second part must be 01 to 12"}),
    ],
)
def test_every_error_is_an_object_too(tmp_path: Path, words: list[str], code: int, of: dict[str, object]) -> None:
    file = landing_file(tmp_path / "a.csv", [record(1)])
    file.write_text(file.read_text().replace('"ncodpers",', "", 1))
    done = call(SANTANDER, *words, cwd=tmp_path)
    refusal = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, refusal["code"]) == (code, code)
    assert refusal.keys() == FIELDS
    assert error_line(done) == f"error: {refusal['error']}"
    assert {name: refusal[name] for name in of} == of
    if words[1] == "ingest":
        assert list(tmp_path.iterdir()) == [file]  # no folder was begun


def test_a_command_in_the_hint_has_the_options_that_were_typed() -> None:
    error = InputError("it was refused", month="2015-01", hint="see 'santander quarantine --refused'")
    refusal = Refusal.of(error, {"data_dir": "my bank", "json": True})
    assert refusal.hint == "see 'santander quarantine --refused' (with --data-dir 'my bank')"
    assert refusal.error == f"it was refused: {refusal.hint}"


def test_json_is_asked_for_by_an_option_and_not_by_the_name_of_a_file() -> None:
    assert asks_for_json(["ingest", "a.csv", "--json"])
    assert not asks_for_json(["ingest", "--", "--json"])
