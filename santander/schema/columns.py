"""The 48 columns of a landing file: their translation and the rule each value must meet.

One line per column: a text is trimmed, a text of ``missing`` is null and, unless the column ``breaks_row``, so is one of the
setting ``ingest.null_spellings``; what is left must match ``pattern`` as a whole, is cast to ``type`` and must lie within
``low`` and ``high``. A failure of a column with ``breaks_row`` sends the whole row to quarantine; any other failure makes the
value null and quarantines its text alone.

This is the only place of such a rule. The cleaning, the rules of validation on values and ranges, the dirt of synthetic banks
and the table in docs/data.md are made from it; the audit states it once more, on purpose (``santander/audit/rules.py``).
Rules that look at more than one column are in ``between_columns.py``.
The patterns use only syntax that RE2, Rust and Python's ``re`` read alike.
Source: facts of the competition files (docs/data.md), columns and format traps.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from santander.schema.products import PRODUCTS, Product

PROVINCES = ("", *(
    "ALAVA", "ALBACETE", "ALICANTE", "ALMERIA", "AVILA", "BADAJOZ", "BALEARS, ILLES", "BARCELONA", "BURGOS",
    "CACERES", "CADIZ", "CASTELLON", "CIUDAD REAL", "CORDOBA", "CORUÑA, A", "CUENCA", "GIRONA", "GRANADA",
    "GUADALAJARA", "GIPUZKOA", "HUELVA", "HUESCA", "JAEN", "LEON", "LERIDA", "RIOJA, LA", "LUGO", "MADRID",
    "MALAGA", "MURCIA", "NAVARRA", "OURENSE", "ASTURIAS", "PALENCIA", "PALMAS, LAS", "PONTEVEDRA", "SALAMANCA",
    "SANTA CRUZ DE TENERIFE", "CANTABRIA", "SEGOVIA", "SEVILLA", "SORIA", "TARRAGONA", "TERUEL", "TOLEDO",
    "VALENCIA", "VALLADOLID", "BIZKAIA", "ZAMORA", "ZARAGOZA", "CEUTA", "MELILLA",
))  # fmt: skip
"""``PROVINCES[code]``; code 0 is a missing value."""

PROVINCE_CODES = {name: code for code, name in enumerate(PROVINCES) if name}
"""The codes by name. A name that is not here may be a province in another spelling."""


_DATE = r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_EMPTY = ("",)
_EMPTY_OR_NA = ("", "NA")
_ZERO_ONE, _NO_YES = ("0", "1"), ("S", "N")
_POINT_ZERO = r"(\.0{1,20})?"
_EXACT_DIGITS = 15
"""Digits of a whole number that a program cannot have rounded where it held it as a float."""
_SPECIAL = re.compile(r"[.+*?^$()\[\]{}|\\]")
HIGHEST_AGE = 164
MONTHS_IN_LONGEST_LIFE = HIGHEST_AGE * 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the landing files and of ``customers``; ``type`` is a Spark SQL type name.

    Which texts are legal is said in one of four ways: ``values``, ``digits`` (and ``decimals``), ``longest`` or ``shape``.
    """

    source: str
    name: str
    type: str
    meaning: str
    values: tuple[str, ...] = ()
    """All legal texts; beside a ``shape``, what is left of them in ``customers``."""
    digits: int = 0
    """A number of up to so many digits ..."""
    decimals: int = 0
    """... and, after a point that may be missing with them, up to so many decimals."""
    longest: int = 0
    """Any text of up to so many characters, none of them a quote or a control character."""
    shape: str = ""
    """A regular expression."""
    low: float | dt.date | None = None
    high: float | dt.date | None = None
    unit: str = ""
    """What a number counts."""
    in_words: str = ""
    """What a shape means, for people."""
    missing: tuple[str, ...] = _EMPTY_OR_NA
    null_value: str | None = None
    """A text that is legal but says nothing, such as the seniority -999999."""
    first_character_only: bool = False
    """1 and 1.0 are the same relation: what follows the first character is dropped."""
    breaks_row: bool = False
    unreadable: str = ""
    """A text that does not match the pattern: what the dirt of a synthetic bank puts in."""
    outside: str = ""
    """A text that matches, of a value outside ``low`` and ``high``."""
    short_name: str = ""
    """How the column's rule is called in validation, where not by its name."""

    @property
    def pattern(self) -> str:
        """The regular expression that a trimmed text must match as a whole."""
        if self.shape:
            return self.shape
        if self.digits > _EXACT_DIGITS:
            return rf"[0-9]{{1,{self.digits}}}|[0-9]{{1,{_EXACT_DIGITS}}}\.0{{1,20}}"
        if self.digits:
            return f"[0-9]{{1,{self.digits}}}" + (rf"(\.[0-9]{{1,{self.decimals}}})?" if self.decimals else _POINT_ZERO)
        if self.longest:
            return rf'[^"\x00-\x1f\x7f]{{1,{self.longest}}}'
        zeros = _POINT_ZERO if self.is_whole else ""
        if len(self.values) > 1 and all(len(value) == 1 and value.isalnum() for value in self.values):
            return f"[{''.join(self.values)}]{zeros}"
        listed = "|".join(_SPECIAL.sub(r"\\\g<0>", value) for value in self.values)
        return f"({listed}){zeros}" if zeros and len(self.values) > 1 else f"{listed}{zeros}"

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers: other programs write them 28.0 where a column has gaps, and mean 28."""
        return bool(self.digits and not self.decimals) or any(value.isdigit() for value in self.values)

    @property
    def free_text(self) -> bool:
        """Whether the pattern takes nearly any text, so that it cannot tell a value from a spelling of null."""
        return self.longest > 0

    @property
    def span(self) -> str:
        """The range for people, empty without one."""
        if self.low is None and self.high is None:
            return ""
        low, high = (bound.isoformat() if isinstance(bound, dt.date) else f"{bound or 0:,.0f}" for bound in (self.low, self.high))
        return f"up to {high}" if self.low is None else f"from {low}" if self.high is None else f"{low} to {high}"

    @property
    def legal(self) -> str:
        """What a legal value is, for people; empty where nothing but the pattern says it."""
        if self.values:
            *others, last = self.values
            return f"{', '.join(others)} or {last}" if others else f"always {last}"
        if self.span:
            return f"{self.span}{f' {self.unit}' if self.unit else ''}"
        return f"1 to {self.longest} characters" if self.longest else self.in_words

    def silent(self, null_spellings: Sequence[str]) -> tuple[str, ...]:
        """Return the trimmed texts that are null in this column, and no fault."""
        own = (*self.missing, *((self.null_value,) if self.null_value else ()))
        return own if self.breaks_row else (*own, *null_spellings)


# ruff: noqa: E501  (one line per column, to be read as a table)
_PROFILE: tuple[Column, ...] = (
    Column("fecha_dato", "snapshot_date", "date", meaning="date of the record, always the 28th; the partition", shape=r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-28", in_words="a 28th, such as 2015-06-28", missing=(), breaks_row=True),
    Column("ncodpers", "customer_id", "bigint", meaning="customer", digits=18, low=1, missing=(), breaks_row=True),
    Column("ind_empleado", "employment_status", "string", meaning="A active employee, B former, F subsidiary, N not an employee, P passive, S other", values=("A", "B", "F", "N", "P", "S"), unreadable="Q"),
    Column("pais_residencia", "country", "string", meaning="ISO-2 country of residence", shape=r"[A-Z]{2}", in_words="two capital letters", missing=_EMPTY, unreadable="es"),  # NA is Namibia
    Column("sexo", "sex", "string", meaning="H woman (hembra), V man (varón)", values=("H", "V"), unreadable="X"),
    Column("age", "age", "smallint", meaning="years", digits=3, low=0, high=HIGHEST_AGE, unit="years", unreadable="4o", outside="200"),
    Column("fecha_alta", "joined_on", "date", meaning="first contract", shape=_DATE, in_words="a date such as 2015-06-12", unreadable="2015-02-31"),
    Column("ind_nuevo", "is_new", "boolean", meaning="registered in the last 6 months", values=_ZERO_ONE, unreadable="2"),
    Column("antiguedad", "seniority_months", "int", meaning="months since joining", digits=4, low=0, high=MONTHS_IN_LONGEST_LIFE, unit="months", null_value="-999999", unreadable="-5", outside="9999", short_name="seniority"),
    Column("indrel", "primary_status", "smallint", meaning="1 primary customer, 99 left during the month", values=("1", "99"), unreadable="2"),
    Column("ult_fec_cli_1t", "last_primary_on", "date", meaning="last day as primary customer", shape=_DATE, in_words="a date such as 2015-06-12", unreadable="31/12/15"),
    Column("indrel_1mes", "relation_kind", "string", meaning="1 primary, 2 co-owner, 3 former primary, 4 former co-owner, P potential", values=("1", "2", "3", "4", "P"), shape=rf"[1-4]{_POINT_ZERO}|P", first_character_only=True, unreadable="9"),
    Column("tiprel_1mes", "relation_type", "string", meaning="A active, I inactive, P former customer, R potential, N unknown", values=("A", "I", "P", "R", "N"), unreadable="Z"),
    Column("indresi", "is_resident", "boolean", meaning="lives in the country of the bank", values=_NO_YES, unreadable="1"),
    Column("indext", "is_foreign_born", "boolean", meaning="born in another country than the bank's", values=_NO_YES, unreadable="Y"),
    Column("conyuemp", "is_employee_spouse", "boolean", meaning="spouse of an employee", values=_NO_YES, unreadable="SI"),
    Column("canal_entrada", "channel", "string", meaning="acquisition channel; text even where it looks like a number", shape=r"[0-9A-Z]{3}", in_words="three digits or capital letters", unreadable="K#A"),
    Column("indfall", "is_deceased", "boolean", meaning="deceased", values=_NO_YES, unreadable="?"),
    Column("tipodom", "address_type", "smallint", meaning="always 1", values=("1",), unreadable="2"),
    Column("cod_prov", "province_code", "smallint", meaning="1 to 52", digits=2, low=1, high=52, unreadable="2A", outside="99"),
    Column("nomprov", "province", "string", meaning="province of residence", longest=100, unreadable="MAD\tRID"),
    Column("ind_actividad_cliente", "is_active", "boolean", meaning="active customer", values=_ZERO_ONE, unreadable="9"),
    Column("renta", "household_income", "double", meaning="gross yearly income in euros", digits=12, decimals=20, low=0, high=1e9, unit="euros a year", unreadable="abc", outside="1000000000.5", short_name="income"),
    Column("segmento", "segment", "string", meaning="01 - TOP, 02 - PARTICULARES (individuals), 03 - UNIVERSITARIO (students)", values=("01 - TOP", "02 - PARTICULARES", "03 - UNIVERSITARIO"), unreadable="04 - OTHER"),
)  # fmt: skip


def _holds(product: Product) -> str:
    return f"holds the product; bit {product.bit} of holdings"


COLUMNS: tuple[Column, ...] = _PROFILE + tuple(
    Column(p.source, p.name, "boolean", meaning=_holds(p), values=_ZERO_ONE, missing=("NA",), breaks_row=True) for p in PRODUCTS
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
