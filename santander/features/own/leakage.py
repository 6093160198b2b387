"""Whether a family sees what it must not: it is run beside two copies of the lake that differ in nothing else.

The views of a month hold nothing that is not known before it; so a family that keeps to them makes the same beside both.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from santander.features.own.made import rows_made
from santander.features.own.refusal import line_that_names, wrong
from santander.features.own.surroundings import Pointer, Sample
from santander.features.own.views import COLUMNS, HISTORY_COLUMNS, MONTHS_BEFORE, Views
from santander.lake.reading import LakeReader
from santander.schema.catalogue import CUSTOMERS, PARTITION
from santander.schema.months import Month
from santander.schema.own_family import OwnFamily

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

ONLY_VIEWS = "take everything from customers and history"
_TOLERANCE = 1e-6
_ROWS_OF_A_FILE = re.compile(
    r"file_groups=\{\d+ groups?: \[\[(?P<sail>[^,\]]+)|\b(?:FileScan|BatchScan)\b[^\n]*?Location: [^\[\n]*\[(?P<spark>[^,\]]+)"
)
BY_CHANCE_OR_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|localtimestamp|curdate|now|today|utcnow|unix_timestamp|rand|randn|uuid|uuid4|shuffle"
    r"|monotonically_increasing_id|time\.time)\s*\(|\b(CURRENT_DATE|CURRENT_TIMESTAMP|LOCALTIMESTAMP)\b"
)


def check_family(lake: LakeReader, family: OwnFamily, customers: int) -> Month:
    """Return the month that the family was checked on, with a sample of so many customers.

    Raises WrongFamily, which names feature and month, where a feature moves with products of the month or with later months,
    where the family reads anything but its views, and where it makes other values of the same rows.
    """
    family = replace(family, file=family.file.absolute())  # the current folder is another one meanwhile
    months = lake.months(CUSTOMERS)
    month = months[-2] if len(months) > 1 else months[-1]
    _refuse_chance_and_clock(family)
    sample = Sample.of(lake, month, family.months, customers)
    with TemporaryDirectory(prefix="santander-check-") as folder:
        places = [Pointer(lake, Path(folder) / name) for name in ("as_it_is", "altered")]
        for place, rows in zip(places, (sample, sample.altered), strict=True):
            rows.write(lake, place.data)
        as_it_is = _made(lake, family, sample, places[0])
        again = _made(lake, family, sample, places[0], backwards=True)
        altered = _made(lake, family, sample, places[1])
    for feature in _moved(as_it_is, again):
        what = f"{feature} of {month} comes out otherwise of the same rows in another order"
        hint = "leave out chance, the clock, and what depends on the order of rows"
        raise wrong(family, line_that_names(family, feature), what, hint, month, column=feature)
    for feature in _moved(as_it_is, altered):
        what = f"{feature} of {month} moves when the products of {month}, or later months, are altered"
        raise wrong(family, line_that_names(family, feature), what, ONLY_VIEWS, month, column=feature)
    log.info("features %s: checked on %s: nothing moves with what is not known before", family.name, month)
    return month


def _refuse_chance_and_clock(family: OwnFamily) -> None:
    code = re.sub(r"--.*", "", family.code)
    if found := BY_CHANCE_OR_CLOCK.search(code):
        name = found[1] or found[2]
        what = f"{name} gives other values on another run or day"
        hint = f"the month itself is {PARTITION} of customers"
        raise wrong(family, line_that_names(family, name.rpartition(".")[2]), what, hint, example=name)


def _made(lake: LakeReader, family: OwnFamily, sample: Sample, place: Pointer, *, backwards: bool = False) -> "pa.Table":
    """Return the rows that the family makes of the sample beside a copy of the lake, in order."""
    views = _views(lake, family, sample, backwards=backwards)
    with place.surroundings(lake), rows_made(lake, family, sample.month, views, place) as rows:
        _refuse_other_reads(lake, family, sample.month, rows)
        made: pa.Table = rows.toArrow()
    return made.sort_by([(name, "ascending") for name in made.column_names])


def _views(lake: LakeReader, family: OwnFamily, sample: Sample, *, backwards: bool) -> Views:
    """Return the views of the sample, of rows that lie in no file."""
    import pyarrow as pa

    rows = sample.tables[CUSTOMERS.name]
    rows = rows.sort_by([("customer_id", "descending" if backwards else "ascending"), (PARTITION, "ascending")])
    lags = [sample.month.index - Month.of(date).index for date in rows[PARTITION].to_pylist()]
    frame = lake.session.createDataFrame(rows.append_column(MONTHS_BEFORE, pa.array(lags, pa.int32())))
    before = frame.where(f"{MONTHS_BEFORE} BETWEEN 1 AND {family.months}")
    return Views(frame.where(f"{MONTHS_BEFORE} = 0").select(*COLUMNS), before.select(*HISTORY_COLUMNS))


def _refuse_other_reads(lake: LakeReader, family: OwnFamily, month: Month, rows: "DataFrame") -> None:
    """Raise WrongFamily where the plan of rows made of views without files reads a file."""
    frame: Any = rows
    plan = frame._jdf.queryExecution().toString() if lake.has_workers else frame._explain_string(extended=False)  # noqa: SLF001
    for found in _ROWS_OF_A_FILE.finditer(plan):
        read = (found["sail"] or found["spark"]).rpartition("/lake/")[2]
        features = ", ".join(feature.name for feature in family.features)
        what = f"{features} of {month} are made of {read.partition('/')[0]} too, not of the views alone"
        raise wrong(family, None, what, ONLY_VIEWS, month)


def _moved(one: "pa.Table", other: "pa.Table") -> Iterator[str]:
    """Yield the features that differ between two tables of the same entities."""
    import pyarrow.compute as pc
    import pyarrow.types

    for name in one.column_names[2:]:
        a, b = one[name].combine_chunks(), other[name].combine_chunks()
        if len(a) != len(b) or not pc.is_null(a).equals(pc.is_null(b)):
            yield name
        elif pyarrow.types.is_floating(a.type):
            apart = pc.abs(pc.subtract(a, b))
            if (pc.max(apart).as_py() or 0) > _TOLERANCE * 1.5:
                yield name
        elif not a.equals(b):
            yield name
