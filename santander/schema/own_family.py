"""A family of features that a user adds by one file, ``conf/local/features/NAME.sql`` or ``.py``: what the file declares."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from santander.schema.catalogue import PARTITION, Table
from santander.schema.features import Feature

TABLE_PREFIX = "features_"
TYPES = ("boolean", "smallint", "int", "bigint", "double")
"""What a feature of a user may be, as Spark SQL names it."""
MOST_MONTHS = 24
"""How many months before a month a family may look back at."""


class Entity(StrEnum):
    """What a row of a family is about; the name of its key in ``customers``."""

    CUSTOMER = "customer_id"
    PROVINCE = "province_code"
    SEGMENT = "segment"

    @property
    def type(self) -> str:
        """The type of the key, as Spark SQL names it."""
        return {"customer_id": "bigint", "province_code": "smallint", "segment": "string"}[self.value]


class Language(StrEnum):
    """What the features are written in."""

    SQL = "sql"
    PYSPARK = "py"


@dataclass(frozen=True, slots=True)
class OwnFeature(Feature):
    """A feature of a user's family; ``family`` is the family's name."""

    def _check_family(self) -> None:
        """Accept any name: which are legal is checked where the file is read."""


@dataclass(frozen=True, slots=True)
class OwnFamily:
    """What one file declares, and the code that makes it."""

    name: str
    entity: Entity
    months: int
    """How many months before the month the view ``history`` holds."""
    meaning: str
    features: tuple[OwnFeature, ...]
    language: Language
    code: str
    """What computes the features, without comments: a SELECT, or a module."""
    file: Path
    first_line: int = 1
    """The line of the file that ``code`` of a SELECT begins in."""
    reason: str | None = None
    """Why a product is recommended, with features in braces, such as ``was active in {months_active} of 5 months``."""
    reason_es: str | None = None

    @property
    def table(self) -> Table:
        """The Delta table of the family: its key, the month, its features."""
        return Table(
            name=TABLE_PREFIX + self.name,
            row=f"one {self.entity.value} in one month: {self.meaning}",
            key=(self.entity.value, PARTITION),
            columns=(
                (self.entity.value, self.entity.type),
                (PARTITION, "date"),
                *((feature.name, feature.type) for feature in self.features),
            ),
        )

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides the rows of the table; meanings, ranges and reasons do not."""
        columns = ", ".join(f"{name} {type_}" for name, type_ in self.table.columns)
        return hashlib.sha256(f"{columns}|{self.months}|{self.language}|{self.code}".encode()).hexdigest()[:16]
