"""The rules of values once more, as DuckDB reads them: what the audit holds the ingest to.

Written from docs/data.md and on purpose without a look at ``santander.schema.columns`` or ``santander.ingest``: a rule that
is wrong there must not be wrong here for the same reason. Each line is one field of a landing file, in the file's order.
"""

from dataclasses import dataclass

from santander.audit.engine import literal

WHITE_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What is trimmed from both ends of a text: the white space of Unicode."""

_TYPES = {"text": "VARCHAR", "number": "INTEGER", "day": "DATE", "flag": "BOOLEAN", "income": "DOUBLE"}
_DAY = "TRY_CAST({t} AS DATE)"
_IS_DAY = f"CAST({_DAY} AS VARCHAR) = {{t}} AND length({{t}}) = 10 AND {_DAY} BETWEEN DATE '1900-01-01' AND DATE '2099-12-31'"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a landing file. The SQL texts are about ``{t}``, its trimmed text."""

    source: str
    name: str
    """The column of ``customers``."""
    legal: str
    """True where the text can be read."""
    value: str
    """The typed value of a text that can be read."""
    silent: tuple[str, ...] = ("", "NA")
    """Texts that say nothing: null, and no fault. A field with any of them takes the null spellings of the settings too."""
    within: tuple[object, object] | None = None
    kind: str = "text"
    """What is summed up: text, number, day, flag or income."""
    whole: bool = False
    """A whole number or a code of digits: 28.0 is read as 28, before anything else is asked of the text."""
    any_text: bool = False
    """A null spelling could be read as a value; in the other fields none can."""

    @property
    def sql_type(self) -> str:
        """The type in which both sides of a comparison are held."""
        return "BIGINT" if self.name == "customer_id" else _TYPES[self.kind]


def _one_of(*texts: str) -> str:
    """A pattern, and no IN: of five texts and more DuckDB makes a join, which does not keep the order of the lines."""
    return f"regexp_full_match({{t}}, '{'|'.join(texts).replace('.', '[.]')}')"


def _digits(most: int) -> str:
    return f"regexp_full_match({{t}}, '[0-9]{{{{1,{most}}}}}')"


def _text(source: str, name: str, legal: str, silent: tuple[str, ...] = ("", "NA")) -> Field:
    return Field(source, name, legal, "{t}", silent)


def _number(source: str, name: str, most_digits: int, low: int, high: int, silent: tuple[str, ...] = ("", "NA")) -> Field:
    return Field(source, name, _digits(most_digits), "CAST({t} AS BIGINT)", silent, (low, high), "number", whole=True)


def _flag(source: str, name: str, yes: str, no: str) -> Field:
    return Field(source, name, _one_of(yes, no), f"{{t}} = '{yes}'", kind="flag", whole=yes == "1")


def _day(source: str, name: str) -> Field:
    return Field(source, name, _IS_DAY, _DAY, kind="day")


DATE = Field("fecha_dato", "snapshot_date", f"{_IS_DAY} AND right({{t}}, 3) = '-28'", _DAY, silent=(), kind="day")
CUSTOMER = _number("ncodpers", "customer_id", 18, 1, 10**18, silent=())
PROFILE: tuple[Field, ...] = (
    _text("ind_empleado", "employment_status", _one_of("A", "B", "F", "N", "P", "S")),
    _text("pais_residencia", "country", "regexp_full_match({t}, '[A-Z]{{2}}')", silent=("",)),
    _text("sexo", "sex", _one_of("H", "V")),
    _number("age", "age", 3, 0, 164),
    _day("fecha_alta", "joined_on"),
    _flag("ind_nuevo", "is_new", "1", "0"),
    _number("antiguedad", "seniority_months", 4, 0, 1968, silent=("", "NA", "-999999")),
    Field("indrel", "primary_status", _one_of("1", "99"), "CAST({t} AS BIGINT)", kind="number", whole=True),
    _day("ult_fec_cli_1t", "last_primary_on"),
    Field("indrel_1mes", "relation_kind", _one_of("1", "2", "3", "4", "P"), "{t}", whole=True),
    _text("tiprel_1mes", "relation_type", _one_of("A", "I", "P", "R", "N")),
    _flag("indresi", "is_resident", "S", "N"),
    _flag("indext", "is_foreign_born", "S", "N"),
    _flag("conyuemp", "is_employee_spouse", "S", "N"),
    _text("canal_entrada", "channel", "regexp_full_match({t}, '[0-9A-Z]{{3}}')"),
    _flag("indfall", "is_deceased", "S", "N"),
    Field("tipodom", "address_type", _one_of("1"), "CAST({t} AS BIGINT)", kind="number", whole=True),
    _number("cod_prov", "province_code", 2, 1, 52),
    Field("nomprov", "province", r"""regexp_full_match({t}, '[^"\x00-\x1f\x7f]{{1,100}}')""", "{t}", any_text=True),
    _flag("ind_actividad_cliente", "is_active", "1", "0"),
    Field(
        "renta",
        "household_income",
        "regexp_full_match({t}, '[0-9]{{1,12}}([.][0-9]{{1,20}})?')",
        "CAST({t} AS DOUBLE)",
        within=(0, 1_000_000_000),
        kind="income",
    ),
    _text("segmento", "segment", _one_of("01 - TOP", "02 - PARTICULARES", "03 - UNIVERSITARIO")),
)  # fmt: skip

_PROVINCES_BY_CODE = (
    "ALAVA", "ALBACETE", "ALICANTE", "ALMERIA", "AVILA", "BADAJOZ", "BALEARS, ILLES", "BARCELONA", "BURGOS",
    "CACERES", "CADIZ", "CASTELLON", "CIUDAD REAL", "CORDOBA", "CORUÑA, A", "CUENCA", "GIRONA", "GRANADA",
    "GUADALAJARA", "GIPUZKOA", "HUELVA", "HUESCA", "JAEN", "LEON", "LERIDA", "RIOJA, LA", "LUGO", "MADRID",
    "MALAGA", "MURCIA", "NAVARRA", "OURENSE", "ASTURIAS", "PALENCIA", "PALMAS, LAS", "PONTEVEDRA", "SALAMANCA",
    "SANTA CRUZ DE TENERIFE", "CANTABRIA", "SEGOVIA", "SEVILLA", "SORIA", "TARRAGONA", "TERUEL", "TOLEDO",
    "VALENCIA", "VALLADOLID", "BIZKAIA", "ZAMORA", "ZARAGOZA", "CEUTA", "MELILLA",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Together:
    """What columns of one record may not say together; ``unknown`` are then null, each with ``reason`` in quarantine.

    ``broken`` is SQL about ``{v[column]}``, the typed values, and ``{t[column]}``, the trimmed texts.
    """

    reason: str
    broken: str
    unknown: tuple[str, ...]


TOGETHER: tuple[Together, ...] = (
    Together("joined_after_snapshot", "{v[joined_on]} - {v[snapshot_date]} > 3", ("joined_on",)),
    Together(
        "province_contradicts_code",
        f"nullif(list_position([{', '.join(map(literal, _PROVINCES_BY_CODE))}], {{v[province]}}), 0) <> {{v[province_code]}}",
        ("province_code", "province"),
    ),
    Together("profile_all_na", " AND ".join(f"{{t[{field.name}]}} = 'NA'" for field in PROFILE), ("country",)),
)

PRODUCTS: tuple[tuple[str, str], ...] = (
    ("ind_ahor_fin_ult1", "saving_account"),
    ("ind_aval_fin_ult1", "guarantee"),
    ("ind_cco_fin_ult1", "current_account"),
    ("ind_cder_fin_ult1", "derivatives_account"),
    ("ind_cno_fin_ult1", "payroll_account"),
    ("ind_ctju_fin_ult1", "junior_account"),
    ("ind_ctma_fin_ult1", "mas_particular_account"),
    ("ind_ctop_fin_ult1", "particular_account"),
    ("ind_ctpp_fin_ult1", "particular_plus_account"),
    ("ind_deco_fin_ult1", "short_term_deposit"),
    ("ind_deme_fin_ult1", "medium_term_deposit"),
    ("ind_dela_fin_ult1", "long_term_deposit"),
    ("ind_ecue_fin_ult1", "e_account"),
    ("ind_fond_fin_ult1", "funds"),
    ("ind_hip_fin_ult1", "mortgage"),
    ("ind_plan_fin_ult1", "pension_plan"),
    ("ind_pres_fin_ult1", "loan"),
    ("ind_reca_fin_ult1", "taxes"),
    ("ind_tjcr_fin_ult1", "credit_card"),
    ("ind_valo_fin_ult1", "securities"),
    ("ind_viv_fin_ult1", "home_account"),
    ("ind_nomina_ult1", "payroll"),
    ("ind_nom_pens_ult1", "pension_deposit"),
    ("ind_recibo_ult1", "direct_debit"),
)
"""Source and name of the products in the order of their bits; a flag is 0, 1 or, where it is not known, NA."""
