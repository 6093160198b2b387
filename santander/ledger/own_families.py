"""Which months of a user's families are up to date: made by the file as it is now, from the customers there are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from santander.config.family_files import own_families, own_family
from santander.errors import InputError
from santander.lake.family_tables import family_tables
from santander.lake.lake import Lake
from santander.ledger.step_ledger import Origins, StepLedger, fingerprint_of
from santander.ledger.steps import Step
from santander.ledger.versions import version_of
from santander.schema.months import Month, in_spans
from santander.schema.own_family import TABLE_PREFIX, OwnFamily

OWN_FEATURES = "own_features"
"""The part of the code that decides what comes of a family's file."""

FAMILY_CHECK = "family_check"
"""The part of the code that decides whether a family sees what it must not."""


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """What the ledger keeps of a family that was built."""

    checked: str = ""
    """By what family and code it was checked that it sees nothing that it must not."""


def step_of(family: str) -> Step[FamilyResult]:
    """Return the step that builds a family."""
    return Step(f"features {family}", FamilyResult)


def fingerprint_of_family(origins: Origins, family: OwnFamily, month: Month) -> str:
    """Return the fingerprint of a month of a family: its file, and the customers of the months that its views hold."""
    read = [month - lag for lag in range(family.months, -1, -1)]
    return fingerprint_of(
        version=version_of(OWN_FEATURES),
        family=family.fingerprint,
        customers={str(each): origins.customers[each] for each in read if each in origins.customers},
    )


def stale_family(origins: Origins, ledger: StepLedger, family: OwnFamily, months: Iterable[Month]) -> list[Month]:
    """Of these months those that are in the family's table and were made from something else than there is now."""
    there, step = set(ledger.lake.months(family.table)), step_of(family.name)
    return [m for m in months if m in there and not ledger.is_current(step, m, fingerprint_of_family(origins, family, m))]


def refuse_unfit_families(lake: Lake, families: Iterable[str], months: Iterable[Month]) -> None:
    """Raise InputError for a family that no file adds, and for the first with months that were not built or are out of date.

    Rows that the ledger knows nothing of pass.
    """
    asked, ledger, origins = sorted(set(months)), StepLedger(lake), Origins(lake)
    for family in map(own_family, sorted(families)):
        if absent := sorted(set(asked).difference(lake.months(family.table))):
            raise _refused(f"the family {family.name} has no features of {in_spans(absent)}", family, absent)
        known = [month for month in asked if ledger.last(step_of(family.name), month)]
        if stale := stale_family(origins, ledger, family, known):
            raise _refused(f"the features of family {family.name} of {in_spans(stale)} are out of date", family, stale)


def _refused(what: str, family: OwnFamily, months: Sequence[Month]) -> InputError:
    span = f"--month {months[0]}" if len(months) == 1 else f"--from {months[0]} --to {months[-1]}"
    return InputError(what, month=months[0], hint=f"run 'santander features --family {family.name} {span}' first")


@dataclass(frozen=True, slots=True)
class FamilyStanding:
    """A family that files add, or whose table is there."""

    table: str
    file: str | None
    """The file that adds it; None where it is gone, or where the files cannot be read."""
    months: Sequence[Month]
    """Months that the table holds."""
    stale: Sequence[Month]
    """Those of them that were made from something else than there is now."""


@dataclass(frozen=True, slots=True)
class FamiliesStanding:
    """All families, by name, and what keeps their files from being read."""

    families: Mapping[str, FamilyStanding]
    problem: str | None = None

    @classmethod
    def look(cls, lake: Lake, ledger: StepLedger) -> "FamiliesStanding":
        """Find them by files and tables; a broken file is told and stops nothing."""
        problem, files = None, dict[str, OwnFamily]()
        try:
            files = {family.name: family for family in own_families()}
        except InputError as error:
            problem = str(error)
        tables = {table.name.removeprefix(TABLE_PREFIX): lake.months(table) for table in family_tables(lake)}
        origins, found = Origins(lake), dict[str, FamilyStanding]()
        for name in sorted({*files, *tables}):
            months, family = tables.get(name, []), files.get(name)
            stale = stale_family(origins, ledger, family, months) if family else []
            found[name] = FamilyStanding(TABLE_PREFIX + name, str(family.file) if family else None, months, stale)
        return cls(found, problem)

    def stale(self) -> dict[str, Sequence[Month]]:
        """Return the months that are out of date, by table."""
        return {each.table: each.stale for each in self.families.values() if each.stale}

    def lines(self) -> list[str]:
        """Return for people what is wrong: files that cannot be read, tables whose file is gone."""
        if self.problem is not None:
            return [f"no family of features can be built: {self.problem}"]
        gone = [name for name, each in self.families.items() if each.file is None]
        return [f"{TABLE_PREFIX}{name} stays as it is: the file of the family {name} is gone" for name in gone]
