"""``features --family`` in a process of its own, where nothing is imported and no engine runs before it."""

import json
from pathlib import Path

from santander.config.settings import Settings
from santander.lake.lake import Lake
from santander.schema.catalogue import CUSTOMERS
from santander.schema.months import month_range
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.environment import CONF_LOCAL
from tests.features.own.world import FIRST, MONTH, customers_of, module


def test_a_family_is_built_told_by_status_and_refused_in_a_line(tmp_path: Path) -> None:
    conf, data = tmp_path / "conf", tmp_path / "data"
    file = conf / "features" / "activity.py"
    file.parent.mkdir(parents=True)
    file.write_text(module())
    rows = [row for month in month_range(FIRST, MONTH) for row in customers_of(month)]
    Lake(Settings.load(data_dir=str(data))).append_rows(CUSTOMERS, rows)

    def verb(*words: object) -> list[object]:
        return [SANTANDER, "--json", "--data-dir", data, *words]

    built = call(*verb("features", "--family", "activity"), **{CONF_LOCAL: str(conf)})
    assert json.loads(built.stdout.splitlines()[-1]) == {
        "months": {"2016-01": 3, "2016-02": 3, "2016-03": 2, "2016-04": 4},
        "additions": {},
        "family": "activity",
    }
    file.write_text(module().replace("MONTHS = 3", "MONTHS = many"))
    refused = call(*verb("run"), **{CONF_LOCAL: str(conf)})
    assert refused.returncode == 2
    assert f"{file}, line 8: MONTHS is computed" in error_line(refused)
    told = json.loads(call(*verb("status"), **{CONF_LOCAL: str(conf)}).stdout)
    assert "line 8: MONTHS is computed" in told["families_problem"]
    assert told["families"]["activity"]["months"] == ["2016-01", "2016-02", "2016-03", "2016-04"]
    assert told["tables"]["features_activity"] is not None
