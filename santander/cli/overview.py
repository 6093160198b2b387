"""The verbs in groups, as ``santander`` alone and ``santander --help`` list them."""

import shutil
import sys
from typing import Any, Final

from typer.core import TyperGroup

from santander.cli.screen import HELP_COLUMNS, columns

INTRODUCTION = """\
santander: the seven products that each customer of a bank is most likely to add next.

It takes monthly customer records in the format of the Santander Product Recommendation competition, and makes tables, \
features, models and lists of them. Where there are none it makes a synthetic bank first.
"""
FIRST: Final = {
    "run": "make everything, up to the lists of the last month",
    "status": "see the months, what is out of date and which model scores",
    "models": "see how good each model is, and why it scores or does not",
}
GROUPS: Final[dict[str, dict[str, str]]] = {
    "Start": {
        "run": "make everything for a month, skip what is up to date",
        "generate": "write a synthetic bank: same format, known propensities",
    },
    "Months": {
        "ingest": "take in landing files; replaces the months found in them",
        "quarantine": "list what was not taken in, take corrected rows back in",
        "validate": "check months against the rules of quality",
        "features": "build what was known of each customer before a month",
        "describe": "write figures of months: nulls, values, what changed",
    },
    "Models": {
        "train": "fit a recipe, judge it, let it meet the champion",
        "tune": "search for better settings and train the best",
        "ablate": "measure what each step of a recipe adds",
        "evaluate": "judge a registered version on a month it has not seen",
        "promote": "let the challenger meet the champion; overrule, go back",
        "reproduce": "train a run again: does the same model come out?",
    },
    "Lists": {
        "score": "recommend seven products to every customer of a month",
        "offers": "show what may be offered, write it as a list to hand over",
        "explain": "say why a customer is recommended what",
        "submit": "write the competition's csv, or send it to Kaggle",
        "publish": "write what the service answers from: lists, features, model",
        "materialize": "put the features of a month into the online store",
    },
    "Service": {
        "serve": "answer recommendations over HTTP from the published month",
        "keys": "make, list and remove the keys of callers",
    },
    "Data protection and upkeep": {
        "object": "record who objects to marketing, or no longer does",
        "forget": "remove persons for good: tables, files, models, stores",
        "maintain": "compact tables, delete what is older than the retention",
    },
    "Look": {
        "status": "months, what is out of date, the champion, the last steps",
        "models": "versions of the model, their figures, decisions on them",
        "compare": "compare the tables of two data folders",
        "audit": "recompute the tables with another engine, name differences",
        "bank-report": "compare a synthetic bank with the facts it imitates",
    },
}
"""Each verb once, with a line that fits 80 columns; a test holds the verbs of ``verbs/`` against it."""
_WIDEST = max(len(verb) for verbs in GROUPS.values() for verb in verbs)


class GroupedVerbs(TyperGroup):
    """The command ``santander``: alone it prints the overview, and its help lists the verbs by use."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Print the overview where nothing was typed."""
        if not args and not ctx.resilient_parsing:
            print(self._overview(ctx))
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (click's signature)
        """Write a section for each group."""
        for group, verbs in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(f"{verb:{_WIDEST}}", does) for verb, does in verbs.items()])

    def _overview(self, ctx: Any) -> str:
        formatter = ctx.make_formatter()
        formatter.write_text(INTRODUCTION)
        with formatter.section("The first commands"):
            formatter.write_dl([(f"{program()} {verb}", does) for verb, does in FIRST.items()])
        self.format_commands(ctx, formatter)
        with formatter.section("More"):
            formatter.write_dl([(f"{program()} VERB --help", "the options of a verb"), ("README.md, docs/", "how it works")])
        return str(formatter.getvalue()).rstrip("\n")


def program() -> str:
    """Return how this command is typed: by its name where a shell finds it so, else as it was typed."""
    return "santander" if shutil.which("santander") else sys.argv[0]


def help_width() -> dict[str, int]:
    """Return click's settings for help as wide as the terminal, and no wider than reads well."""
    return {"terminal_width": min(columns(80), HELP_COLUMNS) - 2}
