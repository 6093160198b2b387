"""Task slots of a Spark cluster: how many tasks can run at once, now.

The only place that reaches behind a session into Spark's JVM. Workers that train together need their slots at the same
moment, and no public call says how many there are: the default parallelism counts cores, not tasks of several cores,
and stays what it was for a while when a worker is gone. ``xgboost.spark`` asks Spark in the same way.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def slots_of(session: "SparkSession") -> int:
    """Tasks that the executors alive can run at once: n in ``local[n]``, else cores over the cores a task takes."""
    context = session.sparkContext._jsc.sc()  # noqa: SLF001  (see above)
    return int(context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile()))


def cores_of_a_slot(session: "SparkSession") -> int:
    """The cores that one task may use."""
    return int(session.conf.get("spark.task.cpus", "1") or 1)
