import errno

import pytest

from santander.errors import InputError, is_out_of_space, nearest, place_of, telling_line
from santander.features.rows import FAMILIES
from santander.schema.features import Family, Feature


class Py4JJavaError(Exception):
    """Stands for py4j's by name, which is all that is looked at: the texts below are what Spark 4.1 gave."""


class PythonException(Exception):
    pass


WORKER = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "job.py", line 7, in bad
    raise FileNotFoundError("no such file")
FileNotFoundError: no such file

"""
CHAIN = f"""An error occurred while calling o84.save.
: org.apache.spark.SparkException: Exception thrown in awaitResult:
\tat org.apache.spark.Some.where(Some.scala:1)
Caused by: org.apache.spark.SparkException: Job aborted.
\tat org.apache.spark.Some.where(Some.scala:2)
Caused by: org.apache.spark.api.python.PythonException: {WORKER}
\tat org.apache.spark.Some.where(Some.scala:3)
\t... 17 more
"""
PLAIN = """An error occurred while calling o1.save.
: io.delta.DeltaIOException: [DELTA_CANNOT_CREATE_LOG_PATH] Cannot create file:/x/_delta_log
\tat org.apache.spark.Some.where(Some.scala:1)
"""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PythonException(WORKER), "FileNotFoundError: no such file"),
        (Py4JJavaError(CHAIN), "FileNotFoundError: no such file"),
        (Py4JJavaError(PLAIN), "io.delta.DeltaIOException: [DELTA_CANNOT_CREATE_LOG_PATH] Cannot create file:/x/_delta_log"),
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError(), "ValueError: "),
    ],
)
def test_what_happened_is_told_in_one_line(error, line):
    assert telling_line(error) == line


def test_an_error_of_ours_says_its_line_without_the_name_of_a_class() -> None:
    assert telling_line(InputError("the month is missing: ingest it")) == "the month is missing: ingest it"


SAIL_FULL = (
    "Failed to write file: Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)"
)
SPARK_FULL = (
    "An error occurred.\n: org.apache.spark.SparkException: Job aborted.\nCaused by: java.io.IOException: No space left on device"
)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "any text in any language"), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (RuntimeError(SAIL_FULL), True),
        (Py4JJavaError(SPARK_FULL), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (ValueError("28"), False),
    ],
)
def test_a_full_disk_is_known_whoever_met_it(error, full):
    assert is_out_of_space(error) is full


def test_a_full_disk_is_known_behind_the_error_it_caused():
    outer = RuntimeError("the write failed")
    outer.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert is_out_of_space(outer)


FAR = """
Traceback (most recent call last):
  File "/job/santander.zip/santander/features/made.py", line 70, in arrays
  File "/job/santander.zip/santander/features/profile.py", line 41, in age
  File "/home/me/santander/.venv/lib/python3.12/site-packages/pyarrow/compute.py", line 9, in call
KeyError: 'agex'
"""


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (PythonException(FAR), "santander/features/profile.py:41"),
        (PythonException(WORKER), "no file of santander"),
        (KeyError("x"), "no file of santander"),
    ],
)
def test_an_error_that_crossed_a_worker_is_placed_by_its_text(error, place):
    assert place_of(error) == place


def test_an_error_is_placed_at_our_innermost_frame_and_a_refused_declaration_at_its_own_line():
    with pytest.raises(AttributeError) as raised:
        FAMILIES[0].arrays("no rows of a month")
    assert place_of(raised.value).startswith("santander/features/profile.py:")
    with pytest.raises(ValueError, match="needs its legal range") as raised:
        Feature("new", "int", Family.PROFILE, "Something")
    assert place_of(raised.value) == "no file of santander"


def test_the_name_that_is_meant_is_told_in_other_case_and_by_a_part_of_it() -> None:
    names = ["age", "household_income", "income_unknown_share", "is_active", "snapshot_date"]
    assert [nearest(given, names) for given in ("IS_ACTIV", "Age", "snapshot", "income", "ate")] == [
        "is_active",
        "age",
        "snapshot_date",
        None,
        None,
    ]
