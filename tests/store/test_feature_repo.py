"""The feature repository: from Feast's own command line, and against the declaration."""

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from santander.config.family_files import own_families
from santander.errors import InputError
from santander.schema.catalogue import FEATURES_TABLE
from santander.schema.features import FEATURE_SET, FEATURES, Family
from santander.schema.months import Month
from santander.store import repository
from santander.store.access import open_store
from santander.store.materialization import materialize_month
from santander.store.packing import ONLINE_SERVICE, ONLINE_VIEW
from santander.store.repository import repository_dir, repository_settings
from santander.store.serving import read_online, withdraw
from tests.environment import without_settings
from tests.store.conftest import Shop

FEAST = Path(sys.executable).with_name("feast")


def bare(environment: dict[str, str]) -> dict[str, str]:
    """An environment with nothing of ours in it but what is given, and no Java to be found."""
    return without_settings("JAVA_") | {"PATH": str(FEAST.parent)} | environment


def feast(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Feast in the repository."""
    return subprocess.run(
        [FEAST, *arguments],
        cwd=repository_dir(),
        env=bare(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_apply_works_before_there_are_tables_and_registers_everything(shop: Shop, tmp_path: Path) -> None:
    applied = feast("apply", SANTANDER_DATA_DIR=str(tmp_path / "new"))
    assert applied.returncode == 0, applied.stderr
    assert "there is no table" in applied.stderr
    made = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert made == {"state/feast/registry.db", "state/feast/online.db"}
    settings = shop.settings.model_copy(update={"data_dir": str(tmp_path / "new")})
    by_feast, by_us = open_store(settings, shop.lake), shop.store
    assert {view.name: view for view in by_feast.list_feature_views()} == {view.name: view for view in by_us.list_feature_views()}
    services = {service.name for service in by_feast.list_feature_services()}
    assert services == {FEATURE_SET, ONLINE_SERVICE}


def test_feast_itself_materializes_over_the_lake_without_java(shop: Shop) -> None:
    count = materialize_month(shop.lake, shop.store, Month(2016, 5))
    ids = [row["customer_id"] for row in shop.lake.read_months(FEATURES_TABLE, [Month(2016, 5)]).collect()]
    withdraw(shop.store, ids)
    assert read_online(shop.store, ids).num_rows == 0
    day = "2016-05-28T00:00:00"
    done = feast("materialize", day, day, "--views", ONLINE_VIEW, SANTANDER_DATA_DIR=shop.settings.data_dir)
    assert done.returncode == 0, done.stderr
    assert read_online(shop.store, ids).num_rows == count


@contextmanager
def pages(**environment: str) -> Iterator[str]:
    """Where Feast's pages answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [FEAST, "ui", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, cwd=repository_dir(), env=bare(environment), stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            said = []
            for line in server.stderr:
                said.append(line)
                if "Uvicorn running" in line:
                    break
            else:
                pytest.fail("".join(said[-5:]))
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def test_feasts_pages_show_entity_views_and_services(shop: Shop) -> None:
    with pages(SANTANDER_DATA_DIR=shop.settings.data_dir) as address:

        def fetched(path: str) -> str:
            with urllib.request.urlopen(f"{address}{path}", timeout=30) as answer:  # noqa: S310  (loopback)
                return str(answer.read().decode())

        index = fetched("/")
        scripts = re.findall(r'src="(/[^"]+\.js)"', index)
        assert scripts
        assert all(fetched(script) for script in scripts), "the page needs nothing but this server"
        views = json.loads(fetched("/api/v1/feature_views?project=santander"))["featureViews"]
        shown = {view["spec"]["name"]: len(view["spec"]["features"]) for view in views}
        built_in = {family.value: sum(each.family is family for each in FEATURES) for family in Family}
        of_files = {family.name: len(family.features) for family in own_families()}
        assert of_files
        assert shown == built_in | of_files | {ONLINE_VIEW: 1}
        services = json.loads(fetched("/api/v1/feature_services?project=santander"))["featureServices"]
        assert {service["spec"]["name"] for service in services} == {FEATURE_SET, ONLINE_SERVICE}


def test_the_views_hold_every_declared_feature_once_and_in_order(shop: Shop) -> None:
    for family in Family:
        view = shop.store.get_feature_view(family.value)
        declared = [(each.name, each.meaning) for each in FEATURES if each.family is family]
        assert [(field.name, field.description) for field in view.features] == declared


def test_the_service_of_the_feature_set_is_the_declaration(shop: Shop) -> None:
    service = shop.store.get_feature_service(FEATURE_SET)
    assert [field.name for view in service.feature_view_projections for field in view.features] == [
        each.name for each in FEATURES
    ]


def test_relative_folders_count_from_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SANTANDER_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    checkout = repository_dir().parent
    assert repository_settings().data == checkout / "data"
    assert repository_settings().state == checkout / "data" / "state"


def test_an_installed_repository_asks_for_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SANTANDER_DATA_DIR", raising=False)
    monkeypatch.setattr(repository, "repository_dir", lambda: tmp_path / "santander" / "feature_repo")
    with pytest.raises(InputError, match="set SANTANDER_DATA_DIR"):
        repository_settings()
    monkeypatch.setenv("SANTANDER_DATA_DIR", str(tmp_path / "data"))
    assert repository_settings().data == tmp_path / "data"
