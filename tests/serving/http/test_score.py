"""Records are scored by the model of the month that is served, and every list that is given is a row of ``predictions``."""

import json
from pathlib import Path
from typing import Any

import pytest

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS, PARTITION, PREDICTIONS
from santander.schema.columns import PROFILE_COLUMNS
from santander.serving.keys import Scope, add_key
from santander.serving.snapshot.folders import folder_of
from santander.serving.snapshot.reading import open_snapshot
from santander.suppression.objections import objectors
from tests.banks import TARGET
from tests.serving.http.served import Answer, Served, own_service, serving, until

NEW = {"age": 35, "household_income": 87000.5, "history": {"2016-05": [0, 0, 1, *[0] * 21]}}


def score(service: Served, records: list[Any], **more: Any) -> Answer:
    """Ask, once the model is loaded."""
    key = more.pop("key", None)

    def asked() -> Answer | None:
        answer = service.ask("/v1/score", method="POST", body={"records": records, **more}, key=key)
        return None if answer.status == 503 else answer

    return until(asked, "the model")


def test_records_are_answered_in_order_with_what_was_not_used_of_them(service: Served) -> None:
    answer = score(service, [NEW, {**NEW, "age": "very old", "shoe_size": 42}, "no record"])
    body = answer.json
    assert (answer.status, list(body)) == (200, ["request_id", "month", "model_version", "results"])
    first, second, third = body["results"]
    assert [each["position"] for each in body["results"]] == [0, 1, 2]
    assert "current_account" not in {item["product"] for item in first["recommendations"]}, "the one that is held"
    assert len(first["recommendations"]) == 7
    assert first["refused"] == []
    assert {each["field"] for each in second["refused"]} == {"age", "shoe_size"}
    assert (third["recommendations"], len(third["refused"])) == ([], 1)
    assert "features" not in first
    with_features = score(service, [NEW], features=True).json["results"][0]
    assert with_features["features"]["age"] == 35
    assert with_features["recommendations"] == first["recommendations"]


@pytest.mark.parametrize(
    "body", [{}, {"records": []}, {"records": [{}] * 1001}, {"records": [{}], "features": 1}, {"records": [{}], "more": 1}]
)
def test_a_body_that_is_not_declared_is_refused(service: Served, body: dict[str, Any]) -> None:
    answer = service.ask("/v1/score", method="POST", body=body)
    assert (answer.status, answer.json["error"]) == (400, "invalid")


def test_customers_of_the_month_have_the_lists_that_are_looked_up(service: Served, published: Settings) -> None:
    names = [column.name for column in PROFILE_COLUMNS]
    rows = Lake(published).delta(CUSTOMERS).to_pyarrow_table(filters=[(PARTITION, "=", TARGET.snapshot)], columns=names)
    records = json.loads(json.dumps(rows.sort_by("customer_id").to_pylist()[:1_000], default=str))
    ids = [record["customer_id"] for record in records]
    objecting = objectors(published, Lake(published)).among(ids)
    looked_up = service.ask("/v1/recommendations", method="POST", body={"customer_ids": ids}).json["results"]
    for customer, listed, scored in zip(ids, looked_up, score(service, records).json["results"], strict=True):
        if customer not in objecting:
            assert scored["recommendations"] == [each | {"reasons": []} for each in listed["recommendations"]]
            assert (scored["refused"], scored["missing_features"]) == ([], [])
    assert objecting


def test_nothing_is_said_of_who_objects(service: Served, published: Settings) -> None:
    everyone = range(15_000, 20_000)
    objecting = min(objectors(published, Lake(published)).among(everyone))
    (result,) = score(service, [{"customer_id": objecting, **NEW}]).json["results"]
    assert result["recommendations"] == []
    assert [each["rule"] for each in result["refused"]] == ["not_served"]


@own_service
def test_every_list_that_was_given_is_a_row_when_the_service_has_ended(own: Settings, tmp_path: Path) -> None:
    ids = [int(each) for each in open_snapshot(Path(str(folder_of(own.data, TARGET)))).ids[:5]]
    _, key = add_key(own, "branch", [Scope.ADMIN])
    given: dict[tuple[str, int | None], list[str]] = {}
    with serving(own, tmp_path, "--workers", "2") as service:
        for customer in ids:
            body = service.list_of(customer, "?top=2", key=key).json
            given[body["request_id"], customer] = [item["product"] for item in body["recommendations"]]
        asked = {"customer_ids": [*ids, 10**12], "list": "offers", "fallback": "popularity"}
        body = service.ask("/v1/recommendations", method="POST", key=key, body=asked).json
        given |= {
            (body["request_id"], each["customer_id"]): [item["product"] for item in each["recommendations"]]
            for each in body["results"]
        }
        body = score(service, [NEW], key=key).json
        given[body["request_id"], None] = [item["product"] for item in body["results"][0]["recommendations"]]
        assert service.list_of(10**12, key=key).status == 404
        assert service.end() == 143
    rows = Lake(own).rows(PREDICTIONS)
    assert {(row["request_id"], row["customer_id"]): row["products"] for row in rows} == given
    assert len(rows) == len(given)
    assert {row["key_name"] for row in rows} == {"branch"}
    assert {row["source"] for row in rows} == {"snapshot", "popularity", "model"}
    assert [row["features"] is not None for row in rows if row["source"] == "model"] == [True]
