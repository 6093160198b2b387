"""What a push runs of the long suites: as many as declared, the same for the same commit, and each case on some commit."""

from collections.abc import Iterator

import pytest

from tests import conftest, sample

pytest_plugins = ["pytester"]

DISKS = """
import pytest

@pytest.mark.sample(push=3)
@pytest.mark.parametrize("number", range(10))
def test_numbers(number): ...

@pytest.mark.sample(push=2, of="disks")
@pytest.mark.parametrize("disk", "abc")
def test_disk(disk): ...

@pytest.mark.sample(push=2, of="disks", unit="nfs")
@pytest.mark.parametrize("port", [1, 2])
def test_nfs(port): ...

def test_unmarked(): ...
"""


@pytest.fixture(autouse=True)
def on_a_push(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(sample.WHOLE_VARIABLE, raising=False)
    sample.seed.cache_clear()
    yield
    sample.seed.cache_clear()


def kept(items: list[pytest.Item], monkeypatch: pytest.MonkeyPatch, commit: str) -> list[str]:
    monkeypatch.setenv(sample.SEED_VARIABLE, commit)
    sample.seed.cache_clear()
    out = sample.left_out(items)
    return [item.name for item in items if item not in out]


def test_a_push_runs_as_many_as_declared_and_the_same_for_the_same_commit(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = pytester.getitems(DISKS)
    for commit in ("one", "another", "a third"):
        names = kept(items, monkeypatch, commit)
        assert names == kept(items, monkeypatch, commit)
        assert sum(name.startswith("test_numbers") for name in names) == 3
        nfs, disks = (sum(name.startswith(test) for name in names) for test in ("test_nfs", "test_disk"))
        assert (nfs, disks) in {(2, 1), (0, 2)}, "both cases of a unit are drawn, or none"
        assert "test_unmarked" in names


def test_each_case_has_its_commit(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pytester.getitems(DISKS)
    drawn = [kept(items, monkeypatch, f"commit {number}") for number in range(40)]
    assert {name for names in drawn for name in names} == {item.name for item in items}


def test_amounts_and_random_numbers_follow_from_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample.amount(push=2, whole=12) == 2
    assert sample.chance("kills").random() == sample.chance("kills").random() != sample.chance("disks").random()
    monkeypatch.setenv(sample.WHOLE_VARIABLE, "1")
    assert sample.amount(push=2, whole=12) == 12


def test_without_a_variable_the_commit_is_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sample.SEED_VARIABLE)
    assert len(sample.seed()) == 12 or sample.seed() == sample.NO_COMMIT


@pytest.mark.parametrize(
    "marker", ["sample()", "sample(3)", "sample(push=0)", "sample(push='3')", "sample(push=3, off='disks')"], ids=str
)
def test_a_marker_that_says_nothing_is_refused(pytester: pytest.Pytester, marker: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"write @pytest\.mark\.sample\(push=3\)"):
        sample.left_out(pytester.getitems(f"import pytest\n@pytest.mark.{marker}\ndef test_it(): ..."))


def test_a_sample_has_one_size(pytester: pytest.Pytester) -> None:
    source = "\n".join(f"@pytest.mark.sample(push={n}, of='disks')\ndef test_{n}(): ..." for n in (1, 2))
    with pytest.raises(pytest.UsageError, match="push=1 elsewhere and 2 here"):
        sample.left_out(pytester.getitems(f"import pytest\n{source}"))


ENGINES = """
import pytest

@pytest.fixture
def session(): ...

@pytest.mark.plan
def test_of_a_plan(session): ...

def test_of_a_session(session): ...

@pytest.mark.embedded
def test_of_the_embedded_engine(session): ...

def test_of_neither(): ...
"""


def test_spark_gets_plans_on_a_push_and_every_session_at_night(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = pytester.getitems(ENGINES)
    assert [item.name for item in items if conftest.runs_on_spark(item)] == ["test_of_a_plan"]
    monkeypatch.setenv(sample.WHOLE_VARIABLE, "1")
    assert [item.name for item in items if conftest.runs_on_spark(item)] == ["test_of_a_plan", "test_of_a_session"]
