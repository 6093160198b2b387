"""What the benchmark of reasons takes for the truth is what the bank wrote down itself."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bank_terms import TERMS, truth_of

from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.months import Month
from santander.schema.products import N_PRODUCTS
from santander.schema.reason_families import ReasonFamily
from santander.storage.places import open_read
from santander.synthetic.facts import TEST_ROWS
from tests.conftest import Bank

JUNE = Month(2016, 6)


def rows_of_june(bank: Bank) -> pa.Table:
    parts = []
    for place in bank.lake.files_by_month(FEATURES_TABLE)[JUNE]:
        with open_read(place) as file:
            parts.append(pq.read_table(file))
    return pa.concat_tables(parts).sort_by("customer_id")


def test_chances_from_features_are_those_that_the_bank_wrote(bank: Bank) -> None:
    rows = rows_of_june(bank)
    written = pq.read_table(bank.raw / "propensity" / f"{JUNE}.parquet").sort_by("customer_id")
    chances = written["propensity"].combine_chunks().flatten().to_numpy().reshape(-1, N_PRODUCTS).T
    told = truth_of(rows, JUNE, rows.num_rows / TEST_ROWS).chance
    large = chances > 1e-5
    assert abs(np.median(told[large] / chances[large]) - 1) < 0.02
    assert (told[large] > 0).all()


def test_terms_are_held_against_the_mean_of_those_who_may_add_a_product(bank: Bank) -> None:
    truth = truth_of(rows_of_june(bank), JUNE, 0.003)
    taxes = 17
    able = truth.chance[taxes] > 0
    np.testing.assert_allclose(truth.terms[taxes][:, able].mean(axis=1), 0, atol=1e-3)
    assert truth.terms[taxes][TERMS.index(ReasonFamily.CHANNEL)].std() > 0.5


def test_terms_of_a_product_of_several_bundles_sum_to_its_log_chance(bank: Bank) -> None:
    truth = truth_of(rows_of_june(bank), JUNE, 0.003)
    direct_debit = 23
    rare = (truth.chance[direct_debit] > 0) & (truth.chance[direct_debit] < 0.02)  # further up chances are bounded
    told = truth.terms[direct_debit][:, rare].sum(axis=0) - np.log(truth.chance[direct_debit][rare])
    assert told.std() < 0.17  # by the mean of the terms of its bundles it is 0.20
