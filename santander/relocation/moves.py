"""From former places to the present one: paths, addresses of files, and JSON that holds either."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from santander.storage.addresses import file_address


@dataclass(frozen=True)
class Move:
    """A folder that was at ``former`` is at ``present``."""

    former: Path
    present: Path


def moved(moves: Sequence[Move], text: str) -> str:
    """A text in which a path or the address of a file inside a former place names the present one; others are as they were."""
    if text[:1] in ("{", "["):
        return _moved_in_json(moves, text)
    for move in sorted(moves, key=lambda move: len(str(move.former)), reverse=True):
        for former, present in _spellings(move):
            if text == former or text.startswith(f"{former}/"):
                return text if _is_settled(move, text) else present + text[len(former) :]
    return text


def _spellings(move: Move) -> list[tuple[str, str]]:
    former, present = str(move.former), str(move.present)
    address = file_address(move.present)
    return [(former, present), (file_address(move.former), address), (f"file://{former}", address)]


def _is_settled(move: Move, text: str) -> bool:
    """Whether a text names the present place already: that may lie inside of the former one, as a copy of a folder in itself."""
    if not move.present.is_relative_to(move.former):
        return False
    names = (str(move.present), file_address(move.present), f"file://{move.present}")
    return any(text == name or text.startswith(f"{name}/") for name in names)


def _moved_in_json(moves: Sequence[Move], text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return text
    followed = moved_within(moves, content)
    return text if followed == content else json.dumps(followed)


def moved_within(moves: Sequence[Move], value: Any) -> Any:
    """A value of JSON with the texts in it, at any depth, moved."""
    if isinstance(value, str):
        return moved(moves, value)
    if isinstance(value, dict):
        return {name: moved_within(moves, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [moved_within(moves, inner) for inner in value]
    return value
