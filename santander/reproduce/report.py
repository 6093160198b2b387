"""A reproduction for people."""

from typing import Any

from rich.table import Table
from rich.text import Text

from santander.reproduce.reproduce import Reproduction


def lines(result: Reproduction) -> list[Any]:
    """The fits as a table, what has changed since the run, and the outcome; why it failed is said by the verb's error."""
    tables = ", ".join(f"{table} {version}" for table, version in result.versions.items())
    title = f"{result.recipe} for {result.target} (version {result.version}, run {result.run_id}), from {tables}"
    shown: list[Any] = [Text(title)]
    if result.fits:
        fits = Table("fit", "the same to the byte", "trained on", "logged: trained on", "model", "logged: model")
        for name, fit in result.fits.items():
            same = "yes" if fit.identical else "no"
            fits.add_row(
                str(name), same, fit.trained_on, fit.logged_trained_on, fit.fingerprint[:12], fit.logged_fingerprint[:12]
            )
        shown.append(fits)
    shown += [Text(warning) for warning in result.warnings]
    if result.reproduced:
        shown.append(Text(f"reproduced: {result.reason}"))
    return shown
