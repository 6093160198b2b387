"""Where Spark lies, and the folder of what is made once per machine."""

import os
from pathlib import Path

from santander.errors import InputError

SPARK_LINE = "4.1"


def spark_home() -> Path:
    """SPARK_HOME where it is set, else the Spark inside the pyspark package; raises InputError for another line of Spark."""
    import pyspark

    home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
    if not next((home / "jars").glob(f"spark-core_*-{SPARK_LINE}.*.jar"), None):
        raise InputError(f"SPARK_HOME={home} holds no Spark {SPARK_LINE}", hint="unset it to use the one that pyspark brings")
    return home


def cache_dir() -> Path:
    """SANTANDER_CACHE_DIR, else ``santander`` in the user's cache folder."""
    if named := os.environ.get("SANTANDER_CACHE_DIR"):
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "santander"
