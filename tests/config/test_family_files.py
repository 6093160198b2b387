"""Files of families: what they declare, and the line that names what is wrong in one."""

from pathlib import Path

import pytest

from santander.config.family_files import own_families, own_family
from santander.errors import InputError
from santander.schema.features import Range
from santander.schema.own_family import Entity, OwnFamily

SQL = """-- entity: customer_id
-- months: 5
-- meaning: How active a customer was lately
-- Counted over the rows there are.
-- feature: months_active smallint [0, 5] Months as an active customer in the five before
-- feature: was_rich boolean Whether the income was ever high
-- reason: was active in {months_active} of 5 months
SELECT customer_id, CAST(SUM(CASE WHEN is_active THEN 1 ELSE 0 END) AS smallint) AS months_active
FROM history GROUP BY customer_id;
"""
PYTHON = '''"""Words."""
from pyspark.sql import DataFrame, functions as F

ENTITY = "province_code"
MONTHS = 3
MEANING = "Shares of a province"
FEATURES = [
    "share_active double [0, 1] Share of active customers",
    "rows_before int [0, ] Rows",
]


def features(customers: DataFrame, history: DataFrame) -> DataFrame:
    """More words."""
    # and a comment
    return history.groupBy("province_code").agg(F.count("*").cast("int").alias("rows_before"))
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANTANDER_CONF_LOCAL", str(tmp_path))
    (tmp_path / "features").mkdir()
    return tmp_path / "features"


def written(folder: Path, name: str, text: str) -> OwnFamily:
    (folder / name).write_text(text)
    return own_family(name.partition(".")[0])


def test_comments_above_a_select_declare_a_family(folder: Path) -> None:
    family = written(folder, "activity.sql", SQL)
    assert (family.entity, family.months, family.meaning) == (Entity.CUSTOMER, 5, "How active a customer was lately")
    assert [(f.name, f.type, f.range) for f in family.features] == [
        ("months_active", "smallint", Range(0, 5, "0 to 5")),
        ("was_rich", "boolean", None),
    ]
    assert family.code == SQL[SQL.index("SELECT") :].strip().removesuffix(";")
    assert family.first_line == 8
    assert family.reason == "was active in {months_active} of 5 months"
    assert family.table.name == "features_activity"
    assert family.table.key == ("customer_id", "snapshot_date")
    assert family.table.columns[:3] == (("customer_id", "bigint"), ("snapshot_date", "date"), ("months_active", "smallint"))


def test_constants_of_a_module_declare_the_same(folder: Path) -> None:
    family = written(folder, "province.py", PYTHON)
    assert (family.entity, family.months, family.meaning) == (Entity.PROVINCE, 3, "Shares of a province")
    assert [(f.name, f.range) for f in family.features] == [
        ("share_active", Range(0, 1, "0 to 1")),
        ("rows_before", Range(0, None, "0 and more")),
    ]


def test_only_what_decides_the_rows_changes_the_fingerprint(folder: Path) -> None:
    before = written(folder, "province.py", PYTHON).fingerprint
    reworded = PYTHON.replace("Words.", "Other words.").replace("# and a comment", "# x").replace("[0, ]", "[0, 9]")
    assert written(folder, "province.py", reworded.replace("Shares of", "What of")).fingerprint == before
    assert written(folder, "province.py", PYTHON.replace('count("*")', 'count("age")')).fingerprint != before
    assert written(folder, "province.py", PYTHON.replace("MONTHS = 3", "MONTHS = 4")).fingerprint != before
    in_sql = written(folder, "activity.sql", SQL).fingerprint
    assert written(folder, "activity.sql", SQL.replace("Counted over", "Over")).fingerprint == in_sql
    assert written(folder, "activity.sql", SQL.replace("SUM", "MAX")).fingerprint != in_sql


@pytest.mark.parametrize(
    ("was", "instead", "line", "message"),
    [
        ("entity: customer_id", "entity: customer", 1, "unknown entity 'customer'.*use customer_id, province_code, segment"),
        ("months: 5", "months: five", 2, "'five' is no number from 0 to 24"),
        ("months: 5", "months: 25", 2, "'25' is no number from 0 to 24"),
        ("meaning: How", "meanin: How", 3, "unknown key 'meanin'.*did you mean meaning"),
        ("-- meaning: How active a customer was lately\n", "", 1, "'meaning' is missing: add a line such as -- meaning: How"),
        ("-- entity: customer_id", "-- entity: customer_id\n-- entity: segment", 2, "'entity' stands twice"),
        ("smallint [0, 5]", "short [0, 5]", 5, "'months_active' has the unknown type 'short'"),
        ("smallint [0, 5]", "smallint", 5, "'months_active' has no range"),
        ("smallint [0, 5]", "smallint [5, 0]", 5, "holds nothing"),
        ("smallint [0, 5]", "smallint [a, 5]", 5, "is no range of numbers"),
        ("was_rich boolean", "was_rich boolean [0, 1]", 6, "'was_rich' is a boolean, which has no range"),
        ("feature: months_active", "feature: age", 5, "the name 'age' is taken"),
        ("feature: was_rich", "feature: Rich", 6, "'Rich' may have small letters"),
        ("feature: was_rich", "feature: months_active", 6, "the name 'months_active' is taken"),
        ("{months_active}", "{month_active}", 7, "the reason names 'month_active'.*did you mean months_active"),
        ("SELECT", "INSERT", 8, "no SELECT"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_header_is_named_with_its_line(folder: Path, was: str, instead: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        written(folder, "activity.sql", SQL.replace(was, instead, 1))
    assert refusal.value.file == str(folder / "activity.sql")
    assert refusal.value.line == line
    assert f"{folder / 'activity.sql'}, line {line}: " in str(refusal.value)


@pytest.mark.parametrize("name", ["upper.SQL", "mixed.Py"])
def test_a_file_whose_ending_is_not_in_small_letters_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: the ending .* is not read: rename it to {name.lower()}"):
        written(folder, name, SQL)


@pytest.mark.parametrize(
    ("was", "instead", "line", "message"),
    [
        ("MONTHS = 3\n", "", 1, "'months' is missing: add a line such as MONTHS = 5"),
        ("MONTHS = 3", "MONTHS = 1 + 2 * len('a')", 5, "MONTHS is computed"),
        ("MONTHS = 3", "MONTHS == ", 5, "this is no Python"),
        ("def features(", "def feature(", 1, "no function 'features'"),
        ("customers: DataFrame, history", "rows: DataFrame, history", 13, "takes other arguments"),
        ("rows_before int [0, ]", "rows_before int", 9, "'rows_before' has no range"),
    ],
)
def test_what_is_wrong_in_a_module_is_named_with_its_line(folder: Path, was: str, instead: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        written(folder, "province.py", PYTHON.replace(was, instead, 1))
    assert (refusal.value.file, refusal.value.line) == (str(folder / "province.py"), line)


@pytest.mark.parametrize("name", ["profile.sql", "lag_1_bits.sql", "season.sql", "Activity.sql", "a-b.sql"])
def test_a_name_that_is_taken_or_no_name_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text(SQL)
    with pytest.raises(InputError, match=r"the name .* of a family"):
        own_families()


def test_a_feature_of_another_family_is_taken(folder: Path) -> None:
    written(folder, "activity.sql", SQL)
    (folder / "later.sql").write_text(SQL.replace("was_rich", "was_poor"))
    with pytest.raises(InputError, match=r"later.sql, line 5: the name 'months_active' is taken by a feature of .*activity.sql"):
        own_families()


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    written(folder, "activity.sql", SQL)
    (folder / "activity.py").write_text(PYTHON)
    with pytest.raises(InputError, match="the name 'activity' is taken"):
        own_families()


def test_an_unknown_family_is_named_with_those_there_are(folder: Path) -> None:
    written(folder, "activity.sql", SQL)
    with pytest.raises(InputError, match=r"there is no family of features 'activty'.*did you mean activity"):
        own_family("activty")
