"""The page docs/quality.md, made from the declaration: ``python -m santander.quality.reference`` writes it."""

from pathlib import Path
from string import Template

from santander.config.conf_files import conf_dir
from santander.config.sections import QualitySettings
from santander.quality.declaration import SUITES, suite
from santander.quality.past import MONTHS_COMPARED
from santander.quality.rules import (
    CountRule,
    EqualRule,
    MeanRule,
    NullShareChangeRule,
    NullShareRule,
    RowsChangeRule,
    Rule,
    ShareRule,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"
_HEAD = Path(__file__).parent / "templates" / "reference.md"
_HEADINGS = ["| rule | about | severity | what must hold | within |", "|---|---|---|---|---|"]


def base_settings() -> QualitySettings:
    """The settings of conf/base alone: the page does not depend on where it is made."""
    import yaml

    return QualitySettings.model_validate(yaml.safe_load((conf_dir() / "base" / "quality.yaml").read_text())["quality"])


def quality_page() -> str:
    """The page as Markdown: what validation does, then one table a suite, one line a rule."""
    settings = base_settings()
    head = Template(_HEAD.read_text(encoding="utf-8"))
    known = {"min_rows": f"{settings.min_rows:,}", "min_compared": settings.min_compared, "months_compared": MONTHS_COMPARED}
    return "\n".join([head.substitute(known), *(_section(table, settings) for table in SUITES)])


def _section(table: str, settings: QualitySettings) -> str:
    lines = [
        f"| `{rule.name}` | {rule.column} | {rule.severity} | {_escaped(rule.meaning)} | {limit(rule, settings)} |"
        for rule in suite(table, settings)
    ]
    return "\n".join([f"## {table}", "", *_HEADINGS, *lines, ""])


def limit(rule: Rule, settings: QualitySettings) -> str:
    """Return the limits of a rule that settings give, in words."""
    said = ""
    match rule:
        case NullShareChangeRule():
            said = f"the shares before, give or take {settings.null_share_change:.0%}"
        case NullShareRule():
            usual, within = settings.null_share_of(rule.column)
            said = f"{max(usual - within, 0):.1%} to {min(usual + within, 1):.1%} null"
        case MeanRule():
            low, high = settings.distributions[rule.name]
            said = f"{low:,g} to {high:,g}"
        case RowsChangeRule():
            said = f"at least {1 - settings.max_fall:.0%}" if rule.fall else f"at most {1 + settings.max_rise:.0%}"
        case ShareRule():
            said = f"{'at least' if rule.least else 'at most'} {settings.month_before[rule.name]:.0%}"
        case CountRule():
            share = settings.allowed_shares.get(rule.name, 0.0)
            said = f"at most {share:.0%} of the rows" if share else f"no {rule.unit}"
        case EqualRule():
            said = "equal"
    return said


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(quality_page(), encoding="utf-8")
