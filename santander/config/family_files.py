"""The families of features that files in ``features/`` of conf add: found, read and checked without running them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from santander.config.conf_files import conf_dir, local_conf_dir
from santander.config.family_header import Header, python_header, sql_header
from santander.errors import InputError, did_you_mean
from santander.schema.catalogue import CUSTOMERS, TABLES
from santander.schema.column_groups import ColumnGroup
from santander.schema.features import FEATURE_NAMES, HISTORY_MONTHS, Family, Range
from santander.schema.own_family import MOST_MONTHS, TABLE_PREFIX, TYPES, Entity, Language, OwnFamily, OwnFeature
from santander.schema.reason_families import ReasonFamily

FOLDER = "features"
LONGEST_NAME = 40
_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_FEATURE = re.compile(r"(?P<name>\S+)\s+(?P<type>\S+)(?:\s*\[(?P<low>[^,\]]*),(?P<high>[^,\]]*)\])?\s+(?P<meaning>[^\s\[].*)")
_BRACES = re.compile(r"\{([^{}]*)\}")
_OTHERS = {"added", "event_timestamp"}
"""Columns that rows have beside features where models are fitted and scored."""
_TAKEN_FAMILIES = {
    *ColumnGroup,
    *Family,
    *(table.name.removeprefix(TABLE_PREFIX) for table in TABLES if table.name.startswith(TABLE_PREFIX)),
    *(f"held_{lag}_months_before" for lag in range(1, HISTORY_MONTHS + 1)),
    *ReasonFamily,
}
_TAKEN_FEATURES = {*FEATURE_NAMES, *(name for name, _ in CUSTOMERS.columns), *_TAKEN_FAMILIES, *_OTHERS}


def own_families() -> tuple[OwnFamily, ...]:
    """Return the families of all files, by name; a user's file hides a shipped one of the same name.

    Raises InputError, which names file and line, for the first file that is not what it must be.
    """
    families = tuple(_read(file) for file in _files().values())
    owners: dict[str, OwnFamily] = {}
    for family in families:
        for feature in family.features:
            if (other := owners.setdefault(feature.name, family)) is not family:
                later, earlier = (family, other) if is_users_own(family) else (other, family)
                raise _refused(
                    later.file,
                    _line_of(later, feature.name),
                    f"the name '{feature.name}' is taken by a feature of {earlier.file}",
                    "choose another name",
                )
    return families


def own_family(name: str) -> OwnFamily:
    """Return the family of that name; raises InputError for one that no file adds, or whose file is wrong."""
    for family in own_families():
        if family.name == name:
            return family
    raise InputError(
        f"there is no family of features '{name}'",
        example=name,
        hint=f"{did_you_mean(name, _files())}; a file {local_conf_dir() / FOLDER}/{name}.sql or .py adds it",
    )


def family_file(name: str) -> Path | None:
    """Return the file that adds the family of that name, without reading it; None where none does."""
    return _files().get(name)


def refuse_name(name: str, where: Path | str, hint: str) -> None:
    """Raise InputError where no family may be called so."""
    if not _NAME.fullmatch(name) or name in _TAKEN_FAMILIES:
        why = "is taken" if name in _TAKEN_FAMILIES else f"may have small letters, digits and _ only, {LONGEST_NAME} at most"
        file = where if isinstance(where, Path) else None
        raise InputError(f"{where}: the name '{name}' of a family {why}", file=file, example=name, hint=hint)


def is_users_own(family: OwnFamily) -> bool:
    """Whether the family is the user's, not one that ships with the code."""
    return family.file.parent != conf_dir() / "base" / FOLDER


def _files() -> dict[str, Path]:
    """Return the file of each family, by name; raises InputError for two files of one name in a folder."""
    found: dict[str, Path] = {}
    for folder in (conf_dir() / "base" / FOLDER, local_conf_dir() / FOLDER):
        by_suffix = {f".{language}": language for language in Language}
        there = [file for file in folder.glob("*") if file.suffix.lower() in by_suffix and not file.name.startswith((".", "_"))]
        here = sorted(there, key=lambda file: (list(by_suffix).index(file.suffix.lower()), file.name))
        if wrong := next((file for file in here if file.suffix not in by_suffix), None):
            raise _refused(
                wrong, None, f"the ending {wrong.suffix} is not read", f"rename it to {wrong.stem}{wrong.suffix.lower()}"
            )
        for file in here:
            if (other := next((each for each in here if each.stem == file.stem), file)) != file:
                raise InputError(
                    f"{file}: the name '{file.stem}' is taken by {other.name} beside it", file=file, hint="remove or rename one"
                )
        found |= {file.stem: file for file in here}
    return dict(sorted(found.items()))


def _read(file: Path) -> OwnFamily:
    refuse_name(file.stem, file, "rename the file")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not UTF-8: {error.reason} at byte {error.start}", file=file, hint="save it as UTF-8"
        ) from None
    language = Language(file.suffix[1:])
    header = sql_header(file, text) if language is Language.SQL else python_header(file, text)
    entity, months = _entity(header), _months(header)
    features = tuple(_features(header, file.stem))
    for line, reason in (*header.lines("reason"), *header.lines("reason_es")):
        for name in _BRACES.findall(reason):
            if name not in {feature.name for feature in features}:
                raise header.refused(line, f"the reason names '{name}'", did_you_mean(name, [f.name for f in features]))
    return OwnFamily(
        name=file.stem,
        entity=entity,
        months=months,
        meaning=header.one("meaning")[1],
        features=features,
        language=language,
        code=header.code,
        file=file,
        first_line=header.first_line,
        reason=next((text for _, text in header.lines("reason")), None),
        reason_es=next((text for _, text in header.lines("reason_es")), None),
    )


def _entity(header: Header) -> Entity:
    line, text = header.one("entity")
    if text not in tuple(Entity):
        raise header.refused(line, f"unknown entity '{text}'", f"use {', '.join(Entity)}", example=text)
    return Entity(text)


def _months(header: Header) -> int:
    line, text = header.one("months")
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= MOST_MONTHS):
        raise header.refused(
            line, f"months: '{text}' is no number from 0 to {MOST_MONTHS}", "write how many months it looks back"
        )
    return int(text)


def _features(header: Header, family: str) -> Iterator[OwnFeature]:
    seen: set[str] = set()
    lines = header.lines("feature")
    if not lines:
        raise header.refused(1, "no feature is declared", "add a line such as 'feature: months_active smallint [0, 5] Meaning'")
    for line, text in lines:
        match = _FEATURE.fullmatch(text)
        if match is None:
            raise header.refused(
                line,
                f"feature '{text}' is not NAME TYPE [LOW, HIGH] MEANING",
                "write it like 'days int [0, 31] Days'",
                example=text,
            )
        name, type_ = match["name"], match["type"]
        if type_ not in TYPES:
            raise header.refused(
                line, f"feature '{name}' has the unknown type '{type_}'", f"use {', '.join(TYPES)}", example=type_
            )
        if not _NAME.fullmatch(name):
            raise header.refused(
                line, f"feature name '{name}' may have small letters, digits and _ only", "rename it", example=name
            )
        if name in _TAKEN_FEATURES or name in seen or name == family:
            raise header.refused(line, f"the name '{name}' is taken", "choose another name for the feature", example=name)
        seen.add(name)
        yield OwnFeature(name, type_, family, match["meaning"].strip(), _range(header, line, match))


def _range(header: Header, line: int, match: re.Match[str]) -> Range | None:
    name, low, high = match["name"], match["low"], match["high"]
    if match["type"] == "boolean":
        if low is not None:
            raise header.refused(line, f"feature '{name}' is a boolean, which has no range", f"leave [{low},{high}] out")
        return None
    if low is None:
        raise header.refused(
            line, f"feature '{name}' has no range", "write [LOW, HIGH] behind the type; either side may be empty"
        )
    try:
        bounds = [float(bound) if bound.strip() else None for bound in (low, high)]
    except ValueError:
        raise header.refused(line, f"feature '{name}': [{low},{high}] is no range of numbers", "write it like [0, 5]") from None
    if None not in bounds and bounds[0] > bounds[1]:  # type: ignore[operator]
        raise header.refused(line, f"feature '{name}': [{low},{high}] holds nothing", "write the lower bound first")
    return Range(bounds[0], bounds[1], _in_words(low.strip(), high.strip()))


def _in_words(low: str, high: str) -> str:
    if low and high:
        return f"{low} to {high}"
    return f"{low} and more" if low else f"{high} and less" if high else "any number"


def _line_of(family: OwnFamily, feature: str) -> int | None:
    lines: Sequence[str] = family.file.read_text(encoding="utf-8-sig").splitlines()
    return next((n for n, line in enumerate(lines, 1) if re.search(rf"\b{feature}\b", line)), None)


def _refused(file: Path, line: int | None, what: str, hint: str) -> InputError:
    return InputError(f"{file}{'' if line is None else f', line {line}'}: {what}", file=file, line=line, hint=hint)
