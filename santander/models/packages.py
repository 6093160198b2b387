"""The packages that a model needs, by the names and in the versions in which they are installed."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

EVERY_MODEL = ("numpy", "pandas", "pyarrow", "pydantic")
"""What loading and scoring needs whatever the kind."""


def is_installed(package: str) -> bool:
    """Whether a package is there; it is not imported."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def missing(packages: Iterable[str]) -> list[str]:
    """Return the packages that are not installed."""
    return [package for package in packages if not is_installed(package)]


def pinned(packages: Iterable[str]) -> list[str]:
    """The packages in the versions at hand, as pip wants them, each once; those that are not there left out."""
    return [f"{package}=={version(package)}" for package in dict.fromkeys(packages) if is_installed(package)]


XGBOOST = ("xgboost-cpu" if is_installed("xgboost-cpu") else "xgboost",)
"""XGBoost by either of its names: without a graphics card, or as it is called where there is no such one."""
