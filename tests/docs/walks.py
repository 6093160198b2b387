"""The walks of docs/extending.md, read from the page as somebody follows it.

A walk is a section (``## Title``). Of its fenced blocks these are followed, in their order; all others only show something:

    ```python file=santander/room/module.py after="text of one line"      the block goes in after that line
    ```python file=santander/room/module.py before="text of one line"     ... before it
    ```python file=santander/room/module.py instead="text of one line"    ... in its place
    ```python file=santander/room/module.py append                        ... at the end of the file
    ```python file=tests/room/test_module.py new                          the block is a new file
    ```sh run                                                             commands, a line each, from the top of the tree

The text must stand in exactly one line of the file. Indentation of the block is taken as it is. In commands ``python`` is the
tree's and ``make`` works on the tree; each must end with exit code 0.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACES = ("after", "before", "instead")


class PageIsWrong(Exception):
    """A block that cannot be followed: it names what is not there, or not once."""


@dataclass(frozen=True)
class Edit:
    """One change of one file."""

    file: str
    how: str
    line: str
    text: str

    def apply(self, tree: Path) -> None:
        """Change the file; raises PageIsWrong where the page and the file do not fit."""
        path = tree / self.file
        if self.how == "new":
            if path.exists():
                raise PageIsWrong(f"{self.file} is there already")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text, encoding="utf-8")
            return
        if not path.is_file():
            raise PageIsWrong(f"there is no {self.file}")
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if self.how == "append":
            lines.append(self.text)
        else:
            found = [number for number, line in enumerate(lines) if self.line in line]
            if len(found) != 1:
                raise PageIsWrong(f"{self.file} has {len(found)} lines with {self.line!r}")
            start = found[0] + (self.how == "after")
            lines[start : found[0] + (self.how != "before")] = [self.text]
        path.write_text("".join(lines), encoding="utf-8")


@dataclass(frozen=True)
class Walk:
    """One section: what is changed and what is run, in order."""

    title: str
    steps: Sequence["Edit | Sequence[str]"]

    @property
    def files(self) -> set[str]:
        """The files that a person touches."""
        return {step.file for step in self.steps if isinstance(step, Edit)}


def walks(page: str) -> list[Walk]:
    """Return the walks of a page: its sections that change a file."""
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    found = [Walk(section.partition("\n")[0].strip(), list(_steps(section))) for section in sections]
    return [walk for walk in found if walk.files]


def _steps(section: str) -> Iterator["Edit | Sequence[str]"]:
    for block in _FENCE.finditer(section):
        _, *words = shlex.split(block["info"]) or [""]
        said = dict(word.split("=", 1) if "=" in word else (word, "") for word in words)  # type: ignore[misc]
        if "run" in said:
            yield from (shlex.split(line) for line in block["text"].splitlines() if line.strip())
        elif "file" in said:
            how = next((word for word in (*_PLACES, "append", "new") if word in said), None)
            if how is None:
                raise PageIsWrong(f"{block['info']}: say where the block goes")
            yield Edit(said["file"], how, said[how], block["text"])
