"""The rule of each column as SQL on the text as it stands in the file; another spelling is in doubt, not wrong."""

from peers.rules import Column, silent

_SQL = {"bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "double": "DOUBLE", "date": "DATE"}
_LETTERS = {r"[HV]": "HV", r"[ABFNPS]": "ABFNPS", r"[AIPRN]": "AIPRN"}
_PADDED = ("age", "seniority_months", "household_income")
"""Columns in which the files pad silent texts too."""


def flag_of(column: Column) -> str:
    """A product flag as 0, 1, null or, where it is in doubt, 2."""
    text = column.source
    known = f"WHEN {text} IN ('0', ' 0') THEN 0 WHEN {text} IN ('1', ' 1') THEN 1 WHEN {text} = 'NA' THEN NULL"
    return f"CASE {known} ELSE 2 END::TINYINT"


def value_of(column: Column) -> str:
    """The value of a profile column, null where its text is silent or in doubt."""
    text = column.source
    if column.type == "boolean":
        no, yes = ("('0', ' 0')", "('1', ' 1')") if column.values == ("0", "1") else ("('N')", "('S')")
        return f"CASE WHEN {text} IN {no} THEN false WHEN {text} IN {yes} THEN true END"
    if column.name in {"address_type", "primary_status"}:
        return "CASE " + " ".join(f"WHEN {text} IN ('{n}', '{n:>2}') THEN {n}" for n in column.values) + " END::SMALLINT"
    if column.pattern in _LETTERS or column.name == "segment":
        return f"CASE WHEN {text} IN {_listed(_LETTERS.get(column.pattern) or column.pattern.split('|'))} THEN {text} END"
    if column.type == "string":
        legal = f"regexp_full_match({text}, '{column.pattern}')"
        if silent(column):
            legal = f"{text} NOT IN {_listed(silent(column))} AND {legal}"
        return f"CASE WHEN {legal} THEN {f'left({text}, 1)' if column.first_character_only else text} END"
    value = f"try_cast({text} AS {_SQL[column.type]})"
    legal = f"regexp_full_match({text}, '{'' if column.type == 'date' else ' *'}(?:{column.pattern})')"
    if column.low is not None:
        legal += f" AND {value} >= {column.low}"
    if column.high is not None:
        legal += f" AND {value} <= {column.high}"
    return f"CASE WHEN {legal} THEN {value} END"


def doubt_of(column: Column) -> str:
    """Whether the text of a profile column has no value and is none of the silent ones."""
    if not silent(column):
        return f"v_{column.name} IS NULL"
    text = f"ltrim({column.source})" if column.name in _PADDED else column.source
    return f"(v_{column.name} IS NULL AND {text} NOT IN {_listed(silent(column))})"


def _listed(texts: "str | list[str]") -> str:
    return "(" + ", ".join(f"'{text}'" for text in texts) + ")"
