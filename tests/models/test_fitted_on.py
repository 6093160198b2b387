"""When a feature means something else than when a model was fitted on it."""

from dataclasses import replace

import pytest

from santander.models import fitted_on
from santander.models.fitted_on import ChangedFeatures, definitions, refuse_other_features
from santander.schema.features import FEATURES

AGE = next(feature for feature in FEATURES if feature.name == "age")
REWORDED = replace(AGE, meaning="Age in full years")


def test_another_wording_is_another_meaning_unless_the_entry_keeps_the_former_one(monkeypatch: pytest.MonkeyPatch) -> None:
    then = definitions(["age"])
    monkeypatch.setitem(fitted_on._BY_NAME, "age", REWORDED)
    with pytest.raises(ChangedFeatures, match=r"\(meaning was Age in years, is Age in full years\): train again"):
        refuse_other_features(then, "the model")
    monkeypatch.setitem(fitted_on._BY_NAME, "age", replace(REWORDED, formerly=(AGE.meaning,)))
    refuse_other_features(then, "the model")


def test_a_former_wording_does_not_excuse_another_type(monkeypatch: pytest.MonkeyPatch) -> None:
    then = definitions(["age"])
    monkeypatch.setitem(fitted_on._BY_NAME, "age", replace(REWORDED, type="int", formerly=(AGE.meaning,)))
    with pytest.raises(ChangedFeatures, match=r"\(type was smallint, is int\): train again"):
        refuse_other_features(then, "the model")


def test_features_that_a_model_does_not_read_may_come_and_go() -> None:
    refuse_other_features(definitions(["age", "segment"]), "the model")
