import subprocess
import sys

_IMPORT = "import sys; from santander.quality.library import import_library; import_library(); "


def said_by(code: str) -> str:
    """What a process prints that has imported the library and then runs the code."""
    done = subprocess.run([sys.executable, "-c", _IMPORT + code], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_what_no_rule_asks_for_is_not_loaded() -> None:
    inside = ("altair.vegalite", "scipy.stats._stats_py", "botocore", "sqlalchemy", "great_expectations.expectations")
    assert said_by(f"print([name for name in {inside} if name in sys.modules])") == "['great_expectations.expectations']"


def test_whoever_asks_for_it_later_has_it_all_the_same() -> None:
    code = "import altair, scipy.stats, sqlalchemy; from scipy.stats import norm; "
    show = "print(norm.cdf(0.0), scipy.stats.norm is norm, altair.Chart.__name__, sqlalchemy.select.__name__)"
    assert said_by(code + show) == "0.5 True Chart select"
