"""A landing file as a table of DuckDB, one row a line, typed by the audit's own rules.

A line is read as one text and split here, so that a line which is no record can never take its neighbours with it. DuckDB
keeps the order of what it inserts: the row with ``rowid`` n is line n + 1 of the file, and row 0 is its header.
"""

import re
from collections.abc import Collection, Sequence

from santander.audit.engine import Engine, literal
from santander.audit.landing_copy import LONE_RETURN, LandingCopy
from santander.audit.rules import CUSTOMER, DATE, PRODUCTS, PROFILE, TOGETHER, WHITE_SPACE, Field
from santander.storage.spelling import plain_path

NO_DELIMITER = "\x01\x02\x03\x04"
"""What DuckDB is told that fields are separated by: it then takes a line for one field."""
LONGEST_LINE = 1 << 24
"""Bytes of the longest line that is read."""
BUFFER = 1 << 26
"""Bytes that each thread reads at a time; left to itself, DuckDB takes 32 of the longest lines."""

OTHER_MONTH = "other month"
"""The reason of lines that are not looked into."""

_SPACES = "".join(character for character in WHITE_SPACE if character not in " \n\r")
_OWN_FIELDS: tuple[Field, ...] = (DATE, CUSTOMER, *PROFILE)
_QUOTED = r'"(?:[^"]|"")*"'
_FIELD = rf',({_QUOTED}(?:[^",][^,]*)?|[^,"][^,]*|)'
"""One field after the comma before it; what stands between a closing quote and the next comma belongs to the field."""

_ONE_QUOTE, _TWO_QUOTES = literal('"'), literal('""')


def read_lines(
    engine: Engine, copy: LandingCopy, table: str, skipped_months: Collection[str], null_spellings: Sequence[str]
) -> None:
    """Make ``table`` from a landing file.

    Columns: ``reason`` (null for a record), ``counted_month`` of a line with a reason, ``text_hash`` of the whole line, the
    24 columns of the profile, ``holdings`` and ``unknown`` (bit i: product i is held, its flag is NA), and ``bad_values``,
    the values that were made null. Lines whose text begins with a month of ``skipped_months`` are not looked into.
    """
    engine.run(f"CREATE OR REPLACE TABLE {table} AS {landing_query(copy, skipped_months, null_spellings)}")
    first = engine.row(f"SELECT min(rowid) AS n FROM {table} WHERE text_hash = hash({literal(copy.header)})")["n"]
    if first != 0:
        raise RuntimeError(f"DuckDB has not kept the order of the lines: the header is line {first}")


def landing_query(copy: LandingCopy, skipped_months: Collection[str], null_spellings: Sequence[str]) -> str:
    """The query behind ``read_lines``; it must keep the order of the lines, so it may hold no join and no sort."""
    can_skip = bool(skipped_months) and copy.places[0] == 1
    skipped = f"regexp_matches(line, '^({'|'.join(sorted(skipped_months))})-')"
    texts = ", ".join(f"{_text(i, place)} AS t{i}" for i, place in enumerate(copy.places))
    typed = ", ".join(f"{_value(i, field, null_spellings)} AS v{i}" for i, field in enumerate(_OWN_FIELDS))
    profile = range(2, len(_OWN_FIELDS))
    together = ", ".join(f"coalesce({_is_broken(rule.broken)}, false) AS r{n}" for n, rule in enumerate(TOGETHER))
    rules = range(len(TOGETHER))
    bad = " OR ".join([*(_is_bad(i, null_spellings) for i in profile), *(f"r{n}" for n in rules)])
    faults = [_bad_value(i, copy.places[i], null_spellings) for i in profile]
    details = ", ".join([*faults, *(fault for n in rules for fault in _values_together(n, copy.places))])
    values = ", ".join(f"CAST({_kept(i, field)} AS {field.sql_type}) AS {field.name}" for i, field in enumerate(_OWN_FIELDS) if i)
    return f"""
WITH lines AS (SELECT coalesce(line, '') AS line FROM {_lines(copy)}),
wanted AS (SELECT CASE WHEN {skipped if can_skip else "false"} THEN NULL ELSE line END AS line FROM lines),
quotes AS (SELECT line, string_split(line, '"') AS q FROM wanted),
simple AS (SELECT line, {_simple_fields()} AS s FROM quotes),
matched AS (SELECT line, s, {_matched_fields()} AS m FROM simple),
split AS (SELECT line, {_fields()} AS f FROM matched),
spaced AS (SELECT line, f, CASE WHEN contains_space THEN list_transform(f, lambda x: trim(x, {literal(WHITE_SPACE)})) ELSE f END
  AS g FROM (SELECT *, regexp_matches(line, {literal(f"[{_SPACES}]")}) AS contains_space FROM split)),
records AS (SELECT line, f AS raw, {_malformed(copy.n_fields)} AS malformed, {_usual_text(copy)} AS usual,
  CASE WHEN f IS NOT NULL THEN coalesce(trim(g[{copy.places[0]}]), '') END AS date_text, g FROM spaced),
whole AS (SELECT line, usual, raw, malformed, date_text, CASE WHEN malformed IS NULL THEN g END AS f FROM records),
texts AS (SELECT line, usual, raw, malformed, date_text, {texts} FROM whole),
typed AS (SELECT *, {typed}, {_products(copy)} FROM texts),
held AS (SELECT *, {together} FROM typed),
judged AS (SELECT *, CASE WHEN line IS NULL THEN {literal(OTHER_MONTH)} WHEN malformed IS NOT NULL THEN malformed
  WHEN v0 IS NULL THEN 'bad_snapshot_date' WHEN v1 IS NULL THEN 'bad_customer_id' WHEN bad_flag THEN 'bad_product_flag'
  END AS reason FROM held)
SELECT reason,
  CASE WHEN reason IS NOT NULL AND line IS NOT NULL THEN {_month_of_text(copy)} END AS counted_month,
  {_hash_of("usual")} AS text_hash,
  CASE WHEN reason IS NULL THEN v0 END AS snapshot_date, {values}, holdings, unknown,
  CASE WHEN reason IS NULL AND ({bad}) THEN list_filter([{details}], lambda b: b IS NOT NULL) END AS bad_values
FROM judged"""


def _lines(copy: LandingCopy) -> str:
    file = literal(plain_path(copy.path))
    return (
        f"read_csv({file}, header = false, auto_detect = false, delim = {literal(NO_DELIMITER)}, quote = '', "
        f"escape = '', columns = {{'line': 'VARCHAR'}}, strict_mode = false, max_line_size = {LONGEST_LINE}, "
        f"buffer_size = {BUFFER})"
    )


def _simple_fields() -> str:
    """The fields of nearly all lines: those without a quote, or with one field in quotes. Null for the others."""
    one_quoted = "len(q) = 3 AND (q[1] = '' OR q[1][-1] = ',') AND (q[3] = '' OR q[3][1] = ',')"
    around = (
        "list_concat(CASE WHEN q[1] = '' THEN [] ELSE string_split(q[1][:-2], ',') END, [q[2]], "
        "CASE WHEN q[3] = '' THEN [] ELSE string_split(q[3][2:], ',') END)"
    )
    return f"CASE WHEN len(q) = 1 THEN string_split(line, ',') WHEN {one_quoted} THEN {around} END"


def _matched_fields() -> str:
    """The fields of any other line, with their quotes; they do not make up the line where a quote is never closed."""
    return f"CASE WHEN s IS NULL THEN regexp_extract_all(',' || line, {literal(_FIELD)}, 1) END"


def _fields() -> str:
    opening, after_it = f"^({_QUOTED})", f"^{_QUOTED}(.*)$"
    length = "list_sum(list_transform(m, lambda x: length(x) + 1))"
    content = f"replace(regexp_extract(x, {literal(opening)}, 1)[2:-2], {_TWO_QUOTES}, {_ONE_QUOTE})"
    after = f"regexp_extract(x, {literal(after_it)}, 1, 's')"
    unquoted = f"list_transform(m, lambda x: CASE WHEN x[1] = {_ONE_QUOTE} THEN {content} || {after} ELSE x END)"
    return f"CASE WHEN s IS NOT NULL THEN s WHEN {length} = length(line) + 1 THEN {unquoted} END"


def _malformed(n_fields: int) -> str:
    """An empty line is a record whose fields are all empty (docs/data.md)."""
    return (
        f"CASE WHEN contains(line, {literal(LONE_RETURN)}) THEN 'stray_carriage_return' WHEN line IS NOT NULL AND f IS NULL "
        f"THEN 'open_quote' WHEN len(f) <> {n_fields} AND line <> '' THEN 'wrong_number_of_fields' END"
    )


def _text(position: int, place: int) -> str:
    """The trimmed text of a field; of a whole number or a flag that is written as a float, what stands before the point."""
    text = f"trim(f[{place}])"
    if position < len(_OWN_FIELDS) and not _OWN_FIELDS[position].whole:
        return text
    whole = f"regexp_replace({text}, '^(-?[0-9]{{1,15}})[.]0{{1,20}}$', '\\1')"
    return f"CASE WHEN contains({text}, '.') THEN {whole} ELSE {text} END"


def _is_spelling(text: str, null_spellings: Sequence[str]) -> str:
    """A pattern, and no IN: of five texts and more DuckDB makes a join, which does not keep the order of the lines."""
    return f"regexp_full_match({text}, {literal('|'.join(map(re.escape, null_spellings)))})" if null_spellings else "false"


def _value(position: int, field: Field, null_spellings: Sequence[str]) -> str:
    text = f"t{position}"
    cases = [f"WHEN {field.legal.format(t=text)} THEN {field.value.format(t=text)}"]
    if field.any_text:
        cases.insert(0, f"WHEN {_is_spelling(text, null_spellings)} THEN NULL")
    if field.silent:
        cases.insert(0, f"WHEN {text} IN ({', '.join(map(literal, field.silent))}) THEN NULL")
    value = f"CASE {' '.join(cases)} END"
    if field.within:
        low, high = field.within
        value = f"CASE WHEN {value} BETWEEN {low} AND {high} THEN {value} END"
    return value


def _is_bad(position: int, null_spellings: Sequence[str]) -> str:
    silent, text = ", ".join(map(literal, _OWN_FIELDS[position].silent)), f"t{position}"
    return f"v{position} IS NULL AND {text} NOT IN ({silent}) AND NOT {_is_spelling(text, null_spellings)}"


def _bad_value(position: int, place: int, null_spellings: Sequence[str]) -> str:
    field = _OWN_FIELDS[position]
    reason = f"CASE WHEN {field.legal.format(t=f't{position}')} THEN 'out_of_range' ELSE 'unreadable' END"
    if not field.within:
        reason = "'unreadable'"
    return (
        f"CASE WHEN {_is_bad(position, null_spellings)} THEN {{'column': {literal(field.name)}, 'reason': {reason}, "
        f"'text_hash': {_hash_of(f'raw[{place}]')}}} END"
    )


def _is_broken(condition: str) -> str:
    names = [field.name for field in _OWN_FIELDS]
    return condition.format(v={name: f"v{i}" for i, name in enumerate(names)}, t={name: f"t{i}" for i, name in enumerate(names)})


def _values_together(n: int, places: Sequence[int]) -> list[str]:
    """The values that a rule on several columns makes null, each as a bad value where it is known and no rule before took it."""
    positions = [i for i, field in enumerate(_OWN_FIELDS) if field.name in TOGETHER[n].unknown]
    first = {i: " AND NOT ".join([f"r{n}", *_taken_by(_OWN_FIELDS[i], range(n))]) for i in positions}
    return [
        f"CASE WHEN {first[i]} AND v{i} IS NOT NULL THEN {{'column': {literal(_OWN_FIELDS[i].name)}, "
        f"'reason': {literal(TOGETHER[n].reason)}, 'text_hash': {_hash_of(f'raw[{places[i]}]')}}} END"
        for i in positions
    ]


def _taken_by(field: Field, rules: range) -> list[str]:
    return [f"r{n}" for n in rules if field.name in TOGETHER[n].unknown]


def _kept(position: int, field: Field) -> str:
    broken = " OR ".join(_taken_by(field, range(len(TOGETHER))))
    return f"CASE WHEN NOT ({broken}) THEN v{position} END" if broken else f"v{position}"


def _products(copy: LandingCopy) -> str:
    if not copy.has_products:
        return "CAST(NULL AS INTEGER) AS holdings, CAST(NULL AS INTEGER) AS unknown, false AS bad_flag"
    texts = [f"t{len(_OWN_FIELDS) + bit}" for bit in range(len(PRODUCTS))]
    held = " | ".join(f"CASE {text} WHEN '1' THEN {1 << bit} ELSE 0 END" for bit, text in enumerate(texts))
    unknown = " | ".join(f"CASE {text} WHEN 'NA' THEN {1 << bit} ELSE 0 END" for bit, text in enumerate(texts))
    bad = " OR ".join(f"{text} NOT IN ('0', '1', 'NA')" for text in texts)
    return f"CAST({held} AS INTEGER) AS holdings, CAST({unknown} AS INTEGER) AS unknown, {bad} AS bad_flag"


def _usual_text(copy: LandingCopy) -> str:
    """The text of a line as quarantine has it: of a record whose fields stand in another order, in the usual one."""
    if copy.is_usual:
        return "line"
    fields = f"[{', '.join(f'f[{place}]' for place in copy.order)}]"
    quoted = f"{_ONE_QUOTE} || replace(x, {_ONE_QUOTE}, {_TWO_QUOTES}) || {_ONE_QUOTE}"
    needs_quotes = f"contains(x, ',') OR contains(x, {_ONE_QUOTE})"
    joined = f"array_to_string(list_transform({fields}, lambda x: CASE WHEN {needs_quotes} THEN {quoted} ELSE x END), ',')"
    return f"CASE WHEN {_malformed(copy.n_fields)} IS NULL AND len(f) = {copy.n_fields} THEN {joined} ELSE line END"


def _month_of_text(copy: LandingCopy) -> str:
    """The month in which a line without a record is counted, by its date.

    A line that cannot be split has a first field all the same; where the date is another one it counts as empty.
    """
    unsplit = f"trim({_first_field()}, {literal(WHITE_SPACE)})" if copy.places[:2] == (1, 2) else "''"
    first = f"coalesce(date_text, {unsplit})"
    return (
        f"CASE WHEN regexp_full_match({first}, '[0-9]{{4}}-(0[1-9]|1[0-2])-[0-9]{{2}}') THEN left({first}, 7) ELSE 'unknown' END"
    )


def _first_field() -> str:
    """The first field of a line that cannot be split as a whole."""
    opening, to_comma, closed = f"^({_QUOTED})", f"^{_QUOTED}([^,]*)", f'^{_QUOTED}([^"]|$)'
    content = f"replace(regexp_extract(line, {literal(opening)}, 1)[2:-2], {_TWO_QUOTES}, {_ONE_QUOTE})"
    after = f"regexp_extract(line, {literal(to_comma)}, 1)"
    is_quoted = f"regexp_matches(line, {literal(closed)})"
    return f"CASE WHEN {is_quoted} THEN {content} || {after} ELSE string_split(line, ',')[1] END"


def _hash_of(text: str) -> str:
    """A text as quarantine has it, hashed: without the returns at its end."""
    returns = literal(LONE_RETURN)
    return (
        f"hash(CASE WHEN contains({text}, {returns}) THEN replace(rtrim({text}, {returns}), {returns}, chr(13)) ELSE {text} END)"
    )
