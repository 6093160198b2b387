"""What holds for every kind of model, on the toy world. A test class of a kind inherits these tests."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from santander.bank.products import N_PRODUCTS
from santander.models.kinds import load_recommender, save_recommender
from santander.models.ranking import Ranks
from santander.models.recommender import KindSettings, Recommender
from tests.models.toy_world import BIT, MASK, PENSIONER, STUDENT, TAXPAYER, feature_rows, toy_training_set


def lists(model: Recommender, rows: pa.Table) -> Ranks:
    """The lists a model gives to feature rows."""
    return model.rank(rows, model.score(rows))


class RecommenderContract:
    """Inherit, and name the kind and its settings."""

    kind: type[Recommender]
    settings: KindSettings

    def fitted(self) -> Recommender:
        return self.kind.fit(self.settings, toy_training_set())

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

    def test_a_customer_nothing_is_known_of_gets_seven_products(self) -> None:
        ranks = lists(self.fitted(), feature_rows([{"owned": 0}]))
        assert len(set(ranks[0].tolist())) == 7

    def test_scores_have_a_row_per_customer_and_a_column_per_product(self) -> None:
        scores = self.fitted().score(feature_rows([STUDENT, TAXPAYER]))
        assert scores.shape == (2, N_PRODUCTS)
        assert scores.dtype == np.float32

    def test_no_rows_give_no_scores(self) -> None:
        assert self.fitted().score(feature_rows([])).shape == (0, N_PRODUCTS)

    def test_one_row_scores_as_it_does_among_others(self) -> None:
        model = self.fitted()
        together = model.score(feature_rows([STUDENT, PENSIONER, TAXPAYER]))
        np.testing.assert_array_equal(model.score(feature_rows([PENSIONER]))[0], together[1])

    def test_a_record_batch_scores_like_a_table(self) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, TAXPAYER])
        np.testing.assert_array_equal(model.score(rows.to_batches()[0]), model.score(rows))

    def test_the_prior_is_the_share_of_customers_who_added_the_product(self) -> None:
        prior = self.fitted().prior
        assert prior[BIT["taxes"]] == 60 / 3000
        assert prior[BIT["credit_card"]] == 30 / 3000
        assert np.count_nonzero(prior) == 4

    def test_fitting_twice_gives_the_same_scores(self) -> None:
        rows = feature_rows([STUDENT, PENSIONER, TAXPAYER])
        np.testing.assert_array_equal(self.fitted().score(rows), self.fitted().score(rows))

    def test_a_saved_model_scores_as_before(self, tmp_path: Path) -> None:
        model, rows = self.fitted(), feature_rows([STUDENT, PENSIONER, TAXPAYER, {}])
        save_recommender(model, tmp_path / "model")
        loaded = load_recommender(tmp_path / "model")
        assert type(loaded) is self.kind
        assert loaded.settings == model.settings
        np.testing.assert_array_equal(loaded.prior, model.prior)
        np.testing.assert_array_equal(loaded.score(rows), model.score(rows))

    def test_nothing_is_saved_that_runs_code_when_read(self, tmp_path: Path) -> None:
        save_recommender(self.fitted(), tmp_path / "model")
        assert {path.suffix for path in (tmp_path / "model").iterdir()} <= {".json", ".ubj"}
