"""How many tasks a Spark cluster can run at once.

The only place that asks a session for its ``sparkContext``, which Spark Connect and the embedded engine do not have.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession


def slots_of(session: "SparkSession") -> int:
    """Tasks that the executors alive can run at once: n in ``local[n]``, else cores over the cores a task takes.

    Workers that train together need their slots at the same moment, and no public call says how many there are: the default
    parallelism counts cores, not tasks of several cores, and stays what it was for a while when a worker is gone.
    ``xgboost.spark`` asks Spark in the same way.
    """
    context = _context(session)._jsc.sc()  # noqa: SLF001
    return int(context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile()))


def cores_of(session: "SparkSession") -> int:
    """The cores of all executors."""
    return int(_context(session).defaultParallelism)


def cores_of_a_slot(session: "SparkSession") -> int:
    """The cores that one task may use."""
    return int(session.conf.get("spark.task.cpus", "1") or 1)


def _context(session: "SparkSession") -> "SparkContext":
    return session.sparkContext
