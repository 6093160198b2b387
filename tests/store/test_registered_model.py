"""What Feast gives goes into the registered model as it is."""

import datetime as dt

import mlflow
import pandas as pd
import pytest

from santander.registry.tracking import open_tracking
from santander.schema.catalogue import RECOMMENDATIONS
from santander.schema.features import FEATURE_SET
from santander.schema.months import Month
from santander.store.access import open_store
from tests.conftest import Bank

JUNE = Month(2016, 6)


@pytest.mark.embedded  # the frame is pandas here, and the model runs without an engine
def test_feasts_frame_goes_into_the_registered_model_and_gives_the_lists_that_were_scored(scored_bank: Bank) -> None:
    lake = scored_bank.lake
    scored = lake.read_months(RECOMMENDATIONS, [JUNE]).orderBy("customer_id", "rank").toPandas()
    lists = scored.groupby("customer_id")["product"].agg(list)
    moment = pd.Timestamp(dt.datetime.combine(JUNE.snapshot, dt.time(), tzinfo=dt.UTC))
    nobody = 10**15  # of whom nothing is known, so that flags and whole numbers have nulls among them
    asked = pd.DataFrame({"customer_id": [*lists.index, nobody], "event_timestamp": moment})
    store = open_store(scored_bank.settings, lake)
    frame = store.get_historical_features(entity_df=asked, features=store.get_feature_service(FEATURE_SET)).to_df()
    frame = frame.sort_values("customer_id", ignore_index=True)
    assert frame["is_woman"].dtype == object
    assert frame["is_woman"].iloc[0] in {True, False}

    open_tracking(scored_bank.settings)
    number = int(scored["model_version"].iloc[0])
    model = mlflow.pyfunc.load_model(f"models:/{scored_bank.settings.mlflow.registered_model}/{number}")
    answer = model.predict(frame)
    assert answer["products"].tolist()[:-1] == lists.tolist()
    assert len(answer["products"].iloc[-1]) == 7
