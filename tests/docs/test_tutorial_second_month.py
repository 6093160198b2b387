"""The commands of docs/tutorial-second-month.md, run in their order as somebody types them.

At night the whole page is run on the bank that it makes. On a push the sections that train once at most are, from a bank that
other tests share, whose numbers are others, with a recipe that is fitted in no time.
"""

from pathlib import Path

import pytest

from tests.docs.tutorials import follow, marked_bank, sections, typed_environment
from tests.sample import is_whole

ON_A_PUSH = ("June's products arrive, July comes", "A file that is refused")
NOT_ON_A_PUSH = "santander run bank/raw/train_2016-07.csv"
"""The last of that section, which trains again."""

pytestmark = [pytest.mark.long, pytest.mark.embedded, pytest.mark.timeout(1500), pytest.mark.sample(push=1, of="whole runs")]


def test_the_page_leads_where_it_says(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    environment, page = typed_environment(), sections("tutorial-second-month.md")
    if is_whole():
        for section in page.values():
            follow(section, tmp_path, environment, exactly=True)
        return
    marked_bank(tmp_path_factory, tmp_path / "bank")
    environment |= {"SANTANDER_TRAINING__RECIPE": "popularity"}
    for title in ON_A_PUSH:
        follow(page[title], tmp_path, environment, exactly=False, until=NOT_ON_A_PUSH)
