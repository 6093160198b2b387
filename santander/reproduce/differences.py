"""What is not as it was when a run was trained: reported, as it may explain another booster, and never an error by itself."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from santander.config.settings import Settings
from santander.registry.runs import git_sha, settings_dump
from santander.reproduce.logged_run import LoggedRun

MATTER = ("master", "spark", "gate", "training")
"""Settings that may change a booster or how it is judged. All others say where things lie or are part of the recipe."""


def differences(settings: Settings, run: LoggedRun) -> list[str]:
    """A line for each: the code, packages, settings."""
    found = [*_of_code(run), *_of_packages(run), *_of_settings(settings, run)]
    return [f"changed since: {each}" for each in found]


def _of_code(run: LoggedRun) -> Iterator[str]:
    now = git_sha()
    if now != run.git_sha or now.endswith("+"):
        yield f"code: trained by {run.git_sha}, now {now}" + (" (+: files differ from the commit)" if "+" in now else "")


def _of_packages(run: LoggedRun) -> Iterator[str]:
    for name, then in run.packages.items():
        try:
            now = version(name)
        except PackageNotFoundError:
            now = "missing"
        if now != then:
            yield f"package {name}: trained with {then}, now {now}"


def _of_settings(settings: Settings, run: LoggedRun) -> Iterator[str]:
    now = settings_dump(settings)
    for name in MATTER:
        yield from _differing(name, run.settings.get(name), now[name])


def _differing(name: str, then: Any, now: Any) -> Iterator[str]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in now:
            # a setting that did not exist then had no say
            if key in then:
                yield from _differing(f"{name}.{key}", then[key], now[key])
    elif then != now:
        yield f"setting {name}: was {then}, is {now}"
