"""The rules of offers: those that ship, what a user adds, changes and switches off, what is refused by file, line and rule."""

from pathlib import Path

import pytest

from santander.config.offer_rules import EVERYTHING, OfferRule, offer_rules, rules_print
from santander.config.settings import Settings
from santander.errors import InputError
from tests.environment import CONF_LOCAL

RULE = """\
offers:
  rules:
    no_cards_abroad:
      where: NOT is_resident
      products: [credit_card, loan]
      sentence: Cards are for residents
      sentence_es: Las tarjetas son para residentes
"""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "local"
    folder.mkdir()
    monkeypatch.setenv(CONF_LOCAL, str(folder))
    return folder


def rules_with(local: Path, text: str) -> dict[str, OfferRule]:
    (local / "offers.yaml").write_text(text)
    return {rule.name: rule for rule in offer_rules(Settings.load())}


def test_the_rules_that_ship_are_read() -> None:
    rules = {rule.name: rule for rule in offer_rules(Settings.load())}
    assert [name for name, rule in rules.items() if rule.products == EVERYTHING] == ["deceased", "left_the_bank"]
    assert all(rule.ships and rule.sentence != rule.sentence_es for rule in rules.values())
    assert rules["junior_account_by_age"].products == 1 << 5


def test_a_rule_of_the_user_is_added_at_the_end(local: Path) -> None:
    rules = rules_with(local, RULE)
    added = rules.pop("no_cards_abroad")
    assert list(rules) == [rule.name for rule in offer_rules(Settings.load())][:-1]
    assert (added.where, added.products, added.ships) == ("NOT is_resident", 1 << 18 | 1 << 16, False)
    assert (added.place.file, added.place.line) == (local / "offers.yaml", 3)


def test_one_line_of_a_rule_is_changed_and_another_is_switched_off(local: Path) -> None:
    shipped = {rule.name: rule for rule in offer_rules(Settings.load())}
    rules = rules_with(local, "offers:\n  rules:\n    credit_by_age:\n      where: age < 21\n    deceased: null\n")
    assert shipped.keys() - rules.keys() == {"deceased"}
    changed, before = rules["credit_by_age"], shipped["credit_by_age"]
    assert (changed.where, changed.products, changed.sentence) == ("age < 21", before.products, before.sentence)
    assert not changed.ships


def test_other_words_for_a_sentence_make_no_other_offers(local: Path) -> None:
    shipped = rules_print(offer_rules(Settings.load()))
    reworded = rules_with(local, "offers:\n  rules:\n    deceased:\n      sentence: They have died\n")
    assert rules_print(list(reworded.values())) == shipped
    narrowed = rules_with(local, "offers:\n  rules:\n    deceased:\n      products: [loan]\n")
    assert rules_print(list(narrowed.values())) != shipped


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("no_cards_abroad", "No-cards"), "the name may have small letters, digits and _ only, 40 at most"),
        (("no_cards_abroad", "objection"), "the name is taken: objections have it"),
        (("where:", "wher:"), "unknown key 'wher': did you mean where?"),
        (("      where: NOT is_resident\n", ""), "'where' is missing: write a condition in SQL"),
        (("NOT is_resident", "true"), "'where' is True and no text: write a condition in SQL"),
        (("      sentence_es: Las tarjetas son para residentes\n", ""), "'sentence_es' is missing: say in Spanish why"),
        (("Cards are for residents", "''"), "'sentence' is '' and no text: say in English why"),
        (("[credit_card, loan]", "[credit_crad]"), "unknown product 'credit_crad': did you mean credit_card?"),
        (("[credit_card, loan]", "loan"), "'products' names no product: write products: all, or products: [loan, mortgage]"),
        (("      products: [credit_card, loan]\n", ""), "'products' names no product"),
        (("      products:", "      where: age < 3\n      products:"), "'where' stands twice: leave one"),
    ],
)
def test_what_is_wrong_in_a_rule_is_told_by_file_line_and_rule(local: Path, change: tuple[str, str], told: str) -> None:
    with pytest.raises(InputError) as refused:
        rules_with(local, RULE.replace(*change))
    name = change[1] if change[0] == "no_cards_abroad" else "no_cards_abroad"
    assert str(refused.value).startswith(f"{local / 'offers.yaml'}, line 3: rule '{name}': {told}")


def test_a_name_that_stands_twice_is_refused(local: Path) -> None:
    twice = RULE + RULE.partition("  rules:\n")[2]
    with pytest.raises(InputError, match=r"offers.yaml, line 8: rule 'no_cards_abroad': the name stands twice"):
        rules_with(local, twice)


def test_switching_off_what_is_not_there_names_the_near_one(local: Path) -> None:
    with pytest.raises(InputError, match=r"'decased': is switched off, and there is no such rule: did you mean deceased\?"):
        rules_with(local, "offers:\n  rules:\n    decased: null\n")


def test_more_rules_than_bits_are_refused(local: Path) -> None:
    rule = RULE.partition("  rules:\n")[2]
    many = "".join(rule.replace("no_cards_abroad", f"rule_{n}") for n in range(60))
    with pytest.raises(InputError, match=r"it is one of 65 rules: join some by OR: 62 at most"):
        rules_with(local, f"offers:\n  rules:\n{many}")
