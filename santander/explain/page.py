"""An explanation as a page of its own, which needs no other file."""

from pathlib import Path
from typing import TYPE_CHECKING

from santander.errors import InputError

if TYPE_CHECKING:
    from santander.explain.explanation import Explanation


def refuse_to_replace(file: Path, *, force: bool) -> None:
    """Raise InputError for a file that is there, unless it may be replaced, and where no file can be written."""
    if file.is_dir():
        raise InputError(f"{file} is a folder", file=file, hint="name a file in it, such as why.html")
    if file.exists() and not force:
        raise InputError(f"{file} is there already", file=file, hint="name another file, or replace it with --force")
    if not file.parent.is_dir():
        raise InputError(f"{file}: there is no folder {file.parent}", file=file, hint="make it first")


def write_page(explanation: "Explanation", file: Path) -> None:
    """Write the page, replacing a file that is there."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made_here = Environment(
        loader=PackageLoader("santander.explain"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    file.write_text(made_here.get_template("explanation.html.jinja").render(found=explanation), encoding="utf-8")
