"""What holds for every kind of model, on the toy world. A test class of a kind inherits these tests."""

import json
import pickle
from pathlib import Path

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import pyarrow as pa
import pytest

from santander.errors import InputError, SantanderError, TooLittleData
from santander.models.fitted_on import ChangedFeatures, ChangedProducts
from santander.models.kinds import load_recommender, save_recommender
from santander.models.list_check import checked_lists
from santander.models.month_weight import ALIKE, MonthWeight
from santander.models.ranking import NO_PRODUCT, Ranks
from santander.models.recommender import KindSettings, Recommender
from santander.models.training_set import TrainingSet
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from tests.models.alone import scores_alone
from tests.models.toy_world import BIT, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, several, together, toy_training_set

WITHOUT_CODE = {".json", ".ubj", ".txt", ".skops"}
_FITTED: dict[type, Recommender] = {}
MARCH, APRIL = Month(2016, 3), Month(2016, 4)


def lists(model: Recommender, rows: pa.Table) -> Ranks:
    """The lists a model gives to feature rows."""
    return model.rank(rows, model.score(rows))


class RecommenderContract:
    """Inherit, and name the kind and its settings."""

    kind: type[Recommender]
    settings: KindSettings

    def fit(self, training: TrainingSet) -> Recommender:
        return self.kind.fit(self.settings, training)

    def fitted(self) -> Recommender:
        """The kind on the toy world, fitted once: a model does not change."""
        if type(self) not in _FITTED:
            _FITTED[type(self)] = self.fit(toy_training_set())
        return _FITTED[type(self)]

    def test_each_kind_of_customer_gets_first_what_they_add(self) -> None:
        ranks = lists(self.fitted(), feature_rows([STUDENT, PENSIONER, TAXPAYER]))
        assert ranks[:, 0].tolist() == [BIT["e_account"], BIT["payroll"], BIT["taxes"]]

    def test_what_is_added_half_as_often_comes_second(self) -> None:
        ranks = lists(self.fitted(), feature_rows([TAXPAYER]))
        assert ranks[0, 1] == BIT["credit_card"]

    def test_owned_products_are_never_listed(self) -> None:
        owner = {**STUDENT, "holdings_lag_1": MASK["e_account"], "owned": MASK["e_account"]}
        ranks = lists(self.fitted(), feature_rows([owner]))
        assert BIT["e_account"] not in ranks[0]
        assert (ranks >= 0).all()

    def test_lists_keep_every_rule_also_for_who_owns_nearly_everything(self) -> None:
        everything = (1 << N_PRODUCTS) - 1
        held = [0, MASK["taxes"], everything & ~0b111, everything & ~1, everything]
        rows = feature_rows([{**STUDENT, "holdings_lag_1": owned, "owned": owned} for owned in held])
        _, ranks = checked_lists(self.fitted(), rows)
        assert (ranks != NO_PRODUCT).sum(axis=1).tolist() == [7, 7, 3, 1, 0]

    def test_a_customer_nothing_is_known_of_gets_seven_products(self) -> None:
        ranks = lists(self.fitted(), feature_rows([{"owned": 0}]))
        assert len(set(ranks[0].tolist())) == 7

    def test_scores_have_a_row_per_customer_and_a_column_per_product(self) -> None:
        scores = self.fitted().score(feature_rows([STUDENT, TAXPAYER]))
        assert scores.shape == (2, N_PRODUCTS)
        assert scores.dtype == np.float32

    def test_a_product_has_a_score_for_all_customers_or_for_none(self) -> None:
        scores = self.fitted().score(feature_rows([STUDENT, TAXPAYER, PENSIONER, {}]))
        assert set(np.isnan(scores).sum(axis=0).tolist()) <= {0, 4}

    def test_no_rows_give_no_scores(self) -> None:
        assert self.fitted().score(feature_rows([])).shape == (0, N_PRODUCTS)

    def test_one_row_scores_as_it_does_among_others(self) -> None:
        model = self.fitted()
        among_others = model.score(feature_rows([STUDENT, PENSIONER, TAXPAYER]))
        np.testing.assert_array_equal(model.score(feature_rows([PENSIONER]))[0], among_others[1])

    def test_a_record_batch_scores_like_a_table(self) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, TAXPAYER])
        np.testing.assert_array_equal(model.score(rows.to_batches()[0]), model.score(rows))

    def test_the_prior_is_the_share_of_customers_who_added_the_product(self) -> None:
        prior = self.fitted().prior
        assert prior[BIT["taxes"]] == 60 / 3000
        assert prior[BIT["credit_card"]] == 30 / 3000
        assert np.count_nonzero(prior) == 4

    def test_fitting_twice_gives_the_same_model(self) -> None:
        again, rows = self.fit(toy_training_set()), feature_rows([STUDENT, PENSIONER, TAXPAYER])
        np.testing.assert_array_equal(self.fitted().score(rows), again.score(rows))
        assert self.fitted().fingerprint == again.fingerprint

    def test_other_rows_give_another_model(self) -> None:
        other = together(toy_training_set(), several((STUDENT, MASK["funds"], 9)))
        assert self.fitted().fingerprint != self.fit(other).fingerprint

    def test_a_saved_model_scores_as_before(self, tmp_path: Path) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])
        save_recommender(model, tmp_path / "model")
        loaded = load_recommender(tmp_path / "model")
        assert type(loaded) is self.kind
        assert loaded.settings == model.settings
        assert loaded.rounds == model.rounds
        assert loaded.packages == model.packages
        assert loaded.fingerprint == model.fingerprint
        np.testing.assert_array_equal(loaded.prior, model.prior)
        np.testing.assert_array_equal(loaded.score(rows), model.score(rows))

    def test_nothing_is_saved_that_runs_code_when_read(self, tmp_path: Path) -> None:
        save_recommender(self.fitted(), tmp_path / "model")
        assert {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()} <= WITHOUT_CODE

    def test_a_saved_model_loads_where_only_its_requirements_are(self, tmp_path: Path) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])
        save_recommender(model, tmp_path / "model")
        scores = scores_alone(tmp_path / "model", rows, model.packages, tmp_path / "alone")
        np.testing.assert_array_equal(scores, model.score(rows))

    def test_a_model_can_be_sent_to_where_the_customers_are(self) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, PENSIONER, TAXPAYER])
        sent = pickle.loads(cloudpickle.dumps(model))
        np.testing.assert_array_equal(sent.score(rows), model.score(rows))

    def test_a_model_needs_no_other_features_than_it_names(self) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, PENSIONER, TAXPAYER])
        scores, ranks = checked_lists(model, rows)
        fewest = checked_lists(model, rows.select(model.feature_names))
        np.testing.assert_array_equal(fewest[0], scores)
        np.testing.assert_array_equal(fewest[1], ranks)
        for name in model.feature_names:
            with pytest.raises(InputError, match=f"'{name}'"):
                checked_lists(model, rows.drop_columns([name]))

    def test_a_feature_that_a_model_was_fitted_on_may_not_be_gone_or_mean_something_else(self, tmp_path: Path) -> None:
        save_recommender(self.fitted(), tmp_path)
        file, name = tmp_path / "kind.json", self.fitted().feature_names[0]
        facts = json.loads(file.read_text())
        gone = facts | {"features": {"shoe_size": facts["features"][name]}}
        file.write_text(json.dumps(gone))
        with pytest.raises(ChangedFeatures, match=r"fitted on the feature 'shoe_size', which this code no longer makes"):
            load_recommender(tmp_path)
        for key, then in (("type", "text"), ("range", [7, 8]), ("meaning", "Another thing")):
            other = facts | {"features": {name: facts["features"][name] | {key: then}}}
            file.write_text(json.dumps(other))
            with pytest.raises(
                ChangedFeatures, match=rf"feature '{name}', which means something else now \({key} was .*, is .*\)"
            ):
                load_recommender(tmp_path)

    def test_a_model_that_was_saved_before_definitions_were_is_loaded(self, tmp_path: Path) -> None:
        save_recommender(self.fitted(), tmp_path)
        (tmp_path / "kind.json").write_text(f'{{"kind": "{self.kind.kind}"}}')
        assert load_recommender(tmp_path).feature_names == self.fitted().feature_names

    @pytest.mark.parametrize(
        ("was", "now", "told"),
        [
            ("taxes", "levies", "it has levies, which is no product here"),
            ('"taxes",', "", "it lacks taxes"),
            ('"taxes",\n  "credit_card"', '"credit_card",\n  "taxes"', "bit 17 was credit_card, is taxes"),
        ],
        ids=["renamed", "added since", "in another order"],
    )
    def test_other_products_than_those_of_this_code_are_named_in_one_line(
        self, tmp_path: Path, was: str, now: str, told: str
    ) -> None:
        save_recommender(self.fitted(), tmp_path)
        facts = (tmp_path / "kind.json").read_text()
        assert was in facts
        (tmp_path / "kind.json").write_text(facts.replace(was, now))
        with pytest.raises(
            ChangedProducts, match=f"^the model in .* other products than this code has \\({told}\\): "
        ) as refused:
            load_recommender(tmp_path)
        assert "\n" not in str(refused.value)

    def test_a_product_that_is_gone_is_named_also_by_models_saved_before_definitions_were(self, tmp_path: Path) -> None:
        save_recommender(self.fitted(), tmp_path)
        for file in tmp_path.rglob("*.json"):
            file.write_text(
                file.read_text().replace('"taxes"', '"levies"').replace('"products"', '"unread"', file.name == "kind.json")
            )
        with pytest.raises(ChangedProducts, match="levies, which is no product here"):
            load_recommender(tmp_path)

    def test_importance_is_shares_of_the_columns(self) -> None:
        importance = self.fitted().importance()
        assert not importance or sum(importance.values()) == pytest.approx(1)


class LearnerContract(RecommenderContract):
    """What holds for the kinds that learn from additions."""

    def test_weights_of_months_decide_between_months_that_disagree(self) -> None:
        assert self.first_of_months(MonthWeight(3.0), ALIKE) == BIT["taxes"]
        assert self.first_of_months(ALIKE, MonthWeight(3.0)) == BIT["funds"]

    def test_a_product_that_counts_more_in_a_month_is_learned_from_that_month(self) -> None:
        assert self.first_of_months(MonthWeight(1.0, (("taxes", 4.0),)), MonthWeight(3.0)) == BIT["taxes"]

    def first_of_months(self, march: MonthWeight, april: MonthWeight) -> int:
        """What a student gets first after adding taxes in March and funds in April."""
        parts = [several((STUDENT, MASK[product], 60), month=month) for month, product in ((MARCH, "taxes"), (APRIL, "funds"))]
        model = self.fit(together(*parts).of_months({MARCH: march, APRIL: april}))
        return int(lists(model, feature_rows([STUDENT]))[0, 0])

    def test_additions_of_a_customer_may_share_one_weight(self) -> None:
        three = MASK["taxes"] | MASK["funds"] | MASK["loan"]
        training = several((STUDENT, three, 60), (STUDENT, MASK["e_account"], 45))

        def first(row_weight: str) -> int:
            settings = type(self.settings)(**{**self.settings.model_dump(), "row_weight": row_weight})
            return int(lists(self.kind.fit(settings, training), feature_rows([STUDENT]))[0, 0])

        # 60 customers add taxes and 45 an e-account; but one of three additions makes a third of a customer
        assert first("addition") in {BIT["taxes"], BIT["funds"], BIT["loan"]}
        assert first("customer") == BIT["e_account"]

    def test_a_product_with_too_few_additions_has_no_score_and_follows_by_its_prior(self) -> None:
        settings = type(self.settings)(**{**self.settings.model_dump(), "min_additions": 31})
        rows = feature_rows([STUDENT])
        model = self.kind.fit(settings, toy_training_set())
        assert np.isnan(model.score(rows)[0, BIT["credit_card"]])
        assert lists(model, rows)[0, 3] == BIT["credit_card"]

    def test_too_little_to_learn_from_is_said(self) -> None:
        with pytest.raises(TooLittleData, match=r"^2016-04: 0 additions .* too little to learn from"):
            self.fit(several((PENSIONER, 0, 5)))

    def test_a_month_to_stop_on_is_taken(self) -> None:
        march = toy_training_set(MARCH, each=40)
        model = self.kind.fit(self.settings, toy_training_set(), march)
        assert lists(model, feature_rows([STUDENT]))[0, 0] == BIT["e_account"]

    def test_rows_without_a_needed_feature_are_refused(self) -> None:
        with pytest.raises(InputError, match="'age'"):
            self.fitted().score(feature_rows([TAXPAYER]).drop_columns(["age"]))

    def test_a_model_of_other_columns_is_not_loaded(self, tmp_path: Path) -> None:
        save_recommender(self.fitted(), tmp_path)
        named = [file for file in tmp_path.glob("*.json") if "seniority_months" in file.read_text()]
        [facts] = [file for file in named if file.name != "kind.json"]
        facts.write_text(facts.read_text().replace('"seniority_months"', '"seniority_years"'))
        with pytest.raises(SantanderError, match="other columns"):
            load_recommender(tmp_path)
