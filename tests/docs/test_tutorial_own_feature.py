"""The commands of docs/tutorial-own-feature.md, run in their order as somebody types them.

At night the whole page is run on the bank that it makes, on both engines. On a push what neither makes a bank nor trains is, on a
bank that other tests share, whose numbers are others.
"""

from pathlib import Path

import pytest

from tests.docs.tutorials import follow, marked_bank, sections, typed_environment
from tests.needs import need_java
from tests.sample import is_whole

EMBEDDED = "sail"
UNTIL = {
    "A model without history": "santander run",
    "The idea, looked at": None,
    "Built, and learned from": "santander train",
    "A family that peeks": "rm ",
}
"""The sections of a push, each up to a command."""

pytestmark = [pytest.mark.long, pytest.mark.embedded, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("master", [EMBEDDED, "local[2]"] if is_whole() else [EMBEDDED])
def test_the_page_leads_where_it_says(master: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    if master != EMBEDDED:
        need_java()
    environment, page = typed_environment() | {"SANTANDER_MASTER": master}, sections("tutorial-own-feature.md")
    if is_whole():
        for section in page.values():
            follow(section, tmp_path, environment, exactly=master == EMBEDDED)
        return
    marked_bank(tmp_path_factory, tmp_path / "bank")
    for title, until in UNTIL.items():
        follow(page[title], tmp_path, environment, exactly=False, until=until)
