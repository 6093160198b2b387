"""Marks the steps that carry rows of persons from one place to another, which no erasure may come into."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from santander.lake.lake import Lake


class OverLake(Protocol):
    """Whatever does its steps over one lake."""

    lake: Lake


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=OverLake)


def carrying_persons(step: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A step that no erasure comes into, from what it reads to what it commits and records."""

    @wraps(step)
    def undivided(steps: S, /, *args: P.args, **options: P.kwargs) -> R:
        with steps.lake.carrying_persons():
            return step(steps, *args, **options)

    return undivided
