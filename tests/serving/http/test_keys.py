"""Keys: made once, kept as hashes, taken and no longer taken at once, and good for what they were made for."""

import json
import re
import stat
from pathlib import Path

import pytest

from santander.cli.verbs.keys import Action, done_with_keys
from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.serving.http.supervisor import Supervisor
from santander.serving.keys import KeyRing, Scope, add_key, digest_of, keys_file, read_keys, remove_key
from tests.cli.test_command_line import SANTANDER, call, error_line
from tests.serving.http.served import own_service, serving


def test_a_key_is_shown_once_and_only_its_hash_is_kept(settings: Settings) -> None:
    settings.data.mkdir()
    done = call(SANTANDER, "--json", "keys", "add", "branch-app", "--scope", "read", "--data-dir", settings.data)
    made = json.loads(done.stdout)
    text = made["key"]
    assert [made["keys"][0][name] for name in ("name", "scopes")] == ["branch-app", ["read"]]
    file = keys_file(settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert text not in "".join(each.read_text(errors="replace") for each in settings.state.rglob("*") if each.is_file())
    assert digest_of(text.encode()) in file.read_text()
    listed = call(SANTANDER, "keys", "list", "--data-dir", settings.data).stdout
    assert "branch-app" in listed
    assert text not in listed
    assert call(SANTANDER, "keys", "remove", "branch-app", "--data-dir", settings.data).returncode == 0
    assert read_keys(file) == {}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((Action.ADD, "one"), "give --scope: read, score, upload, admin"),
        ((Action.ADD, None), "the name of the key is missing"),
        ((Action.ADD, "no name"), "cannot be the name of a key"),
        ((Action.REMOVE, "nobody"), "there is no key 'nobody'"),
        ((Action.LIST, "one"), "takes neither a name nor a scope"),
    ],
)
def test_what_cannot_be_done_with_keys_is_one_line(settings: Settings, words: tuple[Action, str | None], says: str) -> None:
    scopes = [Scope.READ] if words[1] == "no name" else None
    with pytest.raises(InputError, match=re.escape(says)):
        done_with_keys(*words, scopes, settings)


def test_an_action_that_there_is_not_is_a_usage_error(tmp_path: Path) -> None:
    done = call(SANTANDER, "keys", "rotate", "--data-dir", tmp_path)
    assert (done.returncode, "'rotate'" in error_line(done)) == (2, True)


def test_a_name_is_given_once_and_a_near_one_is_asked_for(settings: Settings) -> None:
    add_key(settings, "branch", [Scope.READ])
    with pytest.raises(InputError, match="there is a key 'branch' already"):
        add_key(settings, "branch", [Scope.ADMIN])
    with pytest.raises(InputError, match=r"did you mean branch\?"):
        remove_key(settings, "brunch")


def test_a_ring_takes_a_new_key_at_once_and_a_removed_one_no_longer(settings: Settings) -> None:
    ring = KeyRing(keys_file(settings))
    assert not ring
    key, text = add_key(settings, "one", [Scope.READ])
    assert ring.holder(text.encode()) == key
    assert ring.holder(text.encode()[:-1]) is None
    assert (key.may(Scope.READ), key.may(Scope.SCORE)) == (True, False)
    remove_key(settings, "one")
    assert ring.holder(text.encode()) is None


def test_a_file_that_is_none_of_keys_lets_nobody_in(settings: Settings) -> None:
    _, text = add_key(settings, "one", [Scope.READ])
    ring = KeyRing(keys_file(settings))
    broken = keys_file(settings).with_name("broken")
    broken.write_text("{")
    broken.replace(keys_file(settings))
    assert ring.holder(text.encode()) is None
    with pytest.raises(SantanderError, match="is not a file of keys"):
        KeyRing(keys_file(settings))


@own_service
def test_a_service_with_keys_asks_for_one_with_the_right_scope_and_never_writes_it(own: Settings, tmp_path: Path) -> None:
    _, reads = add_key(own, "reads", [Scope.READ])
    _, scores = add_key(own, "scores", [Scope.SCORE])
    _, all_of_it = add_key(own, "all", [Scope.ADMIN])
    with serving(own, tmp_path, poll_seconds="0.1") as service:
        assert "without keys" not in service.line
        refused = service.ask("/v1/model")
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer realm="santander"')
        statuses = [service.ask("/v1/model", key=key).status for key in (reads, scores, all_of_it, "santander_guessed")]
        assert statuses == [200, 403, 200, 401]
        assert service.ask("/v1/model", Authorization=f"Basic {reads}").status == 401
        assert service.ask(f"/v1/model?key={reads}").status == 401
        assert [service.ask(path).status for path in ("/health", "/ready", "/docs", "/openapi.json")] == [200] * 4
        remove_key(own, "reads")
        assert service.ask("/v1/model", key=reads).status == 401
        _, new = add_key(own, "new", [Scope.READ])
        assert service.ask("/v1/model", key=new).status == 200
        for name in ("scores", "all", "new"):
            remove_key(own, name)
        assert service.ask("/v1/model").status == 401, "the last key that goes opens nothing"
        assert service.end() == 143
        log = service.log.read_text()
        assert not [key for key in (reads, scores, all_of_it, new) if key in log or digest_of(key.encode()) in log]
        assert {each["key"] for each in service.events() if each["event"] == "request"} == {None, "reads", "scores", "all", "new"}


@own_service
def test_without_keys_it_listens_on_this_machine_only_and_answers_to_its_names_only(own: Settings, tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "", "192.0.2.1"):  # noqa: S104  (it must not be bound to)
        with pytest.raises(InputError, match="keys add"):
            Supervisor(own, own.serving.http.model_copy(update={"host": host})).run()
    with serving(own, tmp_path) as service:
        assert "without keys, for this machine alone" in service.line
        assert service.ask("/v1/model", Host="localhost:8000").status == 200
        assert service.ask("/v1/model", Host="service.elsewhere.example").status == 421
        add_key(own, "first", [Scope.READ])
        assert service.ask("/v1/model").status == 401, "from the first key on a key is needed"
