"""The 48 columns of a landing file: their translation and the rule each value must meet.

One line per column: a text is trimmed, a text of ``missing`` is null and, unless the column ``breaks_row``, so is one of the
setting ``ingest.null_spellings``; what is left must match ``pattern`` as a whole, is cast to ``type`` and must lie within
``low`` and ``high``. A failure of a column with ``breaks_row`` sends the whole row to quarantine; any other failure makes the
value null and quarantines its text alone.
The patterns use only syntax that RE2 and Python's ``re`` read alike.
Source: facts of the competition files (docs/data.md), columns and format traps.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from santander.schema.products import PRODUCTS

_DATE = r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_EMPTY = ("",)
_EMPTY_OR_NA = ("", "NA")
MONTHS_IN_LONGEST_LIFE = 164 * 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the landing files and of ``customers``; ``type`` is a Spark SQL type name."""

    source: str
    name: str
    type: str
    pattern: str
    meaning: str
    missing: tuple[str, ...] = _EMPTY_OR_NA
    low: float | None = None
    high: float | None = None
    null_value: str | None = None
    """A text that is legal but says nothing, such as the seniority -999999."""
    first_character_only: bool = False
    """1 and 1.0 are the same relation: what follows the first character is dropped."""
    breaks_row: bool = False
    free_text: bool = False
    """The pattern takes nearly any text, so that it cannot tell a value from a spelling of null."""

    def silent(self, null_spellings: Sequence[str]) -> tuple[str, ...]:
        """Return the trimmed texts that are null in this column, and no fault."""
        own = (*self.missing, *((self.null_value,) if self.null_value else ()))
        return own if self.breaks_row else (*own, *null_spellings)


# ruff: noqa: E501  (one line per column, to be read as a table)
_PROFILE: tuple[Column, ...] = (
    Column("fecha_dato", "snapshot_date", "date", r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-28", "date of the record, always the 28th; the partition", missing=(), breaks_row=True),
    Column("ncodpers", "customer_id", "bigint", r"[0-9]{1,18}", "customer", missing=(), low=1, breaks_row=True),
    Column("ind_empleado", "employment_status", "string", r"[ABFNPS]", "A active employee, B former, F subsidiary, N not an employee, P passive, S other"),
    Column("pais_residencia", "country", "string", r"[A-Z]{2}", "ISO-2 country of residence", missing=_EMPTY),  # NA is Namibia
    Column("sexo", "sex", "string", r"[HV]", "H woman (hembra), V man (varón)"),
    Column("age", "age", "smallint", r"[0-9]{1,3}", "years", low=0, high=164),
    Column("fecha_alta", "joined_on", "date", _DATE, "first contract"),
    Column("ind_nuevo", "is_new", "boolean", r"[01]", "registered in the last 6 months"),
    Column("antiguedad", "seniority_months", "int", r"[0-9]{1,4}", "months since joining", low=0, high=MONTHS_IN_LONGEST_LIFE, null_value="-999999"),
    Column("indrel", "primary_status", "smallint", r"1|99", "1 primary customer, 99 left during the month"),
    Column("ult_fec_cli_1t", "last_primary_on", "date", _DATE, "last day as primary customer"),
    Column("indrel_1mes", "relation_kind", "string", r"[1-4](\.0)?|P", "1 primary, 2 co-owner, 3 former primary, 4 former co-owner, P potential", first_character_only=True),
    Column("tiprel_1mes", "relation_type", "string", r"[AIPRN]", "A active, I inactive, P former customer, R potential, N unknown"),
    Column("indresi", "is_resident", "boolean", r"[SN]", "lives in the country of the bank"),
    Column("indext", "is_foreign_born", "boolean", r"[SN]", "born in another country than the bank's"),
    Column("conyuemp", "is_employee_spouse", "boolean", r"[SN]", "spouse of an employee"),
    Column("canal_entrada", "channel", "string", r"[0-9A-Z]{3}", "acquisition channel; text even where it looks like a number"),
    Column("indfall", "is_deceased", "boolean", r"[SN]", "deceased"),
    Column("tipodom", "address_type", "smallint", r"1", "always 1"),
    Column("cod_prov", "province_code", "smallint", r"[0-9]{1,2}", "1 to 52", low=1, high=52),
    Column("nomprov", "province", "string", r'[^"\x00-\x1f\x7f]{1,100}', "province of residence", free_text=True),
    Column("ind_actividad_cliente", "is_active", "boolean", r"[01]", "active customer"),
    Column("renta", "household_income", "double", r"[0-9]{1,12}(\.[0-9]{1,20})?", "gross yearly income in euros", low=0, high=1e9),
    Column("segmento", "segment", "string", r"01 - TOP|02 - PARTICULARES|03 - UNIVERSITARIO", "01 - TOP, 02 - PARTICULARES (individuals), 03 - UNIVERSITARIO (students)"),
)  # fmt: skip

COLUMNS: tuple[Column, ...] = _PROFILE + tuple(
    Column(p.source, p.name, "boolean", r"[01]", f"holds the product; bit {p.bit} of holdings", missing=("NA",), breaks_row=True)
    for p in PRODUCTS
)
PROFILE_COLUMNS: tuple[Column, ...] = COLUMNS[: len(_PROFILE)]
PRODUCT_COLUMNS: tuple[Column, ...] = COLUMNS[len(_PROFILE) :]

SOURCE_HEADER: tuple[str, ...] = tuple(column.source for column in COLUMNS)
LEGAL_HEADERS: tuple[tuple[str, ...], ...] = (SOURCE_HEADER, SOURCE_HEADER[: len(_PROFILE)])
"""All 48 columns, or exactly the first 24: the competition's test file, in which products are unknown."""

TRUE_TEXTS = ("1", "S")
"""The texts that mean yes in a boolean column; the pattern leaves only one other text, which means no."""


def columns_that_read(text: str) -> list[str]:
    """Source names of the profile's columns in which a text is a value, columns of free text left out."""
    return [column.source for column in PROFILE_COLUMNS if not column.free_text and re.fullmatch(column.pattern, text)]
