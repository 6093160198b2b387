"""The hooks for git run what make lint runs, out of .venv, and fetch nothing."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS = [hook for repo in CONFIG["repos"] for hook in repo["hooks"]]


def program(command: str) -> str:
    """The program of .venv that a command starts, with its subcommand where it has one."""
    found = re.match(r"(?:\.venv|\$\(BIN\))(?:/bin)?/([\w-]+(?: (?:check|format)\b)?)", command.strip())
    assert found, command
    return found[1]


def test_every_hook_is_local_and_starts_a_program_of_the_environment() -> None:
    assert {repo["repo"] for repo in CONFIG["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS} == {"unsupported"}, "what pre-commit calls a program it does not install"
    assert all(program(hook["entry"]) for hook in HOOKS)


def test_what_make_lint_runs_is_run_by_hooks() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe
    assert {program(line) for line in recipe[1].splitlines()} <= {program(hook["entry"]) for hook in HOOKS}
