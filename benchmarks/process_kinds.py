"""What a process of a step on Apache Spark is, by its command."""

import psutil

DRIVER, JVM, EXECUTOR, WORKER, OTHER = "driver", "JVM", "executor JVM", "Python worker", "other"


def kind_of(process: psutil.Process, root: int) -> str:
    """The driver's Python (the process that was started), a JVM, a Python worker, or something else, such as a shell.

    The parent of the Python workers, which forks them, is something else, and so are the daemons of a standalone cluster.
    Returns nothing for a process that has ended.
    """
    command = process.cmdline()
    if not command:
        return ""
    if command[0].endswith("java"):
        if "org.apache.spark.deploy.SparkSubmit" in command:
            return OTHER if "org.apache.spark.launcher.Main" in command else JVM  # it only spells out the command
        return EXECUTOR if any("CoarseGrainedExecutorBackend" in word for word in command) else OTHER
    if "pyspark.daemon" in command:
        parent = process.parent()
        return WORKER if parent and "pyspark.daemon" in parent.cmdline() else OTHER
    if "pyspark.worker" in command:
        return WORKER
    return DRIVER if process.pid == root else OTHER
