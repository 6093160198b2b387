"""Files that are no tables: the same functions on a folder and on a bucket of a real S3 server."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from santander.config.settings import Settings
from santander.errors import InputError, SantanderError
from santander.ingest.arrangement import USUAL
from santander.ingest.file_kind import LandingFileRefused
from santander.ingest.landing import Chunk, LandingFile
from santander.ingest.reading import read_chunk_on_worker
from santander.lake.lake import Lake
from santander.storage.bucket import Access, BucketPath
from santander.storage.places import Place, folder_place, names_in, open_read, place, remove_tree, size_of, whole_file
from tests.s3_server import S3Server, free_port, s3_server, without_aws


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.make_bucket("files")
        yield running


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any AWS variable, to be filled."""
    without_aws(monkeypatch)
    return monkeypatch


@pytest.fixture(params=["folder", "bucket"])
def root(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch, tmp_path: Path) -> Place:
    if request.param == "folder":
        return tmp_path
    request.getfixturevalue("server").reach(aws)
    return place(f"s3a://files/{tmp_path.name}")


def write(target: Place, content: bytes) -> None:
    with whole_file(target) as file:
        file.write(content)


# --- names -------------------------------------------------------------------------------------------------------------


def test_both_spellings_of_a_bucket_are_one(aws: pytest.MonkeyPatch) -> None:
    assert str(place("s3://bucket/a/b/")) == str(place("s3a://bucket/a/b")) == "s3a://bucket/a/b"
    assert place("s3://bucket/a") / "b.csv" == place("s3a://bucket/a/b.csv")
    assert (place("s3://bucket") / "raw" / "x.csv.gz").name == "x.csv.gz"
    assert place("data/raw") == Path("data/raw")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gs://bucket/x", "gs:// is not known here"),
        ("s3a://", "cannot be the name of a bucket"),
        ("s3a://My_Bucket/x", "cannot be the name of a bucket"),
        ("s3a://bucket/a//b", "letters, digits"),
        ("s3a://bucket/a b", "letters, digits"),
    ],
)
def test_what_is_no_data_folder_is_refused(aws: pytest.MonkeyPatch, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        folder_place(text)
    with pytest.raises(InputError, match=said):
        Settings.load(data_dir=text)


def test_settings_of_a_bucket(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws.chdir(tmp_path)
    settings = Settings.load(data_dir="s3://bucket/bank/")
    assert settings.in_bucket
    assert settings.lake == "s3a://bucket/bank/lake"
    assert settings.state == tmp_path / "state"
    assert not Settings.load(data_dir="data").in_bucket
    with pytest.raises(InputError, match="--state-dir s3a://bucket/state: registries and logs"):
        Settings.load(data_dir="data", state_dir="s3a://bucket/state")


# --- access ------------------------------------------------------------------------------------------------------------

KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "hidden"}


def test_the_usual_variables_are_enough_for_every_client() -> None:
    access = Access.of({**KEYS, "AWS_SESSION_TOKEN": "token", "AWS_ENDPOINT_URL": "http://minio:9000/"})
    assert access.table_options() == {
        **KEYS,
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": "http://minio:9000",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "conditional_put": "etag",
    }
    assert Access.of({"AWS_DEFAULT_REGION": "eu-west-1"}).environment() == {"AWS_REGION": "eu-west-1"}


def test_the_service_has_an_endpoint_of_its_own_and_the_region_a_second_name() -> None:
    access = Access.of(
        {"AWS_ENDPOINT_URL": "https://all", "AWS_ENDPOINT_URL_S3": "https://s3", "AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}
    )
    assert access.environment() == {"AWS_ENDPOINT_URL": "https://s3", "AWS_REGION": "a"}


def test_keys_are_never_shown_and_travel_to_workers() -> None:
    folder = BucketPath("bucket", "key", Access.of({**KEYS, "AWS_SESSION_TOKEN": "token"}))
    shown = f"{folder!r} {folder} {folder.access!r} {folder.access}"
    assert not any(secret in shown for secret in ("somebody", "hidden", "token"))
    assert pickle.loads(pickle.dumps(folder)).access.secret == "hidden"  # noqa: S105


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "x"}, "AWS_SECRET_ACCESS_KEY is not set"),
        ({"AWS_SECRET_ACCESS_KEY": "x"}, "AWS_ACCESS_KEY_ID is not set"),
        ({"AWS_ENDPOINT_URL": "minio:9000"}, "begins with http:// or https://"),
    ],
)
def test_variables_that_cannot_be_meant_are_refused(environ: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Access.of(environ)


@pytest.mark.parametrize(
    ("changed", "bucket", "error", "said"),
    [
        ({}, "nowhere", InputError, "there is no bucket 'nowhere' at http://127.0.0.1:.*: create it first"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "files", InputError, "refuses these credentials: see AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "files", InputError, "refuses these credentials: see AWS_ACCESS_KEY_ID"),
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "files", InputError,
            "no credentials for http://127.0.0.1:.*: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}, "files", SantanderError,
            "no S3 server answers at http://127.0.0.1:.*AWS_ENDPOINT_URL names another",
        ),
    ],
)  # fmt: skip
def test_a_bucket_that_cannot_be_used_says_what_is_missing(
    server: S3Server, aws: pytest.MonkeyPatch, tmp_path: Path, changed: dict[str, str], bucket: str, error: type, said: str
) -> None:
    aws.setenv("AWS_EC2_METADATA_DISABLED", "true")
    aws.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name, value in (server.environment() | changed).items():
        aws.setenv(name, value)
    with pytest.raises(SantanderError, match=said) as refused:
        Lake(Settings.load(data_dir=f"s3a://{bucket}/bank", state_dir=str(tmp_path)))
    assert type(refused.value) is error
    assert len(str(refused.value).splitlines()) == 1


# --- files -------------------------------------------------------------------------------------------------------------


def test_a_file_is_written_read_listed_and_removed(root: Place) -> None:
    target = root / "raw" / "a.csv"
    assert not target.is_file()
    assert names_in(root / "raw") == []
    write(target, b"one\ntwo\n")
    assert target.is_file()
    assert not (root / "raw").is_file()
    assert (size_of(target), target.read_text()) == (8, "one\ntwo\n")
    with open_read(target) as source:
        source.seek(4)
        assert source.read(2) == b"tw"
    write(target, b"1\n")
    write(root / "raw" / "deeper" / "b.csv", b"2\n")
    assert target.read_text() == "1\n"
    assert names_in(root / "raw") == ["a.csv", "deeper"]
    remove_tree(root / "raw" / "deeper")
    remove_tree(root / "raw" / "deeper")
    target.unlink()
    target.unlink(missing_ok=True)
    assert names_in(root / "raw") == []
    with pytest.raises(FileNotFoundError), open_read(target) as source:
        source.read()


def test_a_large_file_arrives_as_it_is(root: Place) -> None:
    content = bytes(range(256)) * 100_000  # more than the parts that a client sends it in
    write(root / "large", content)
    with open_read(root / "large") as source:
        assert source.read() == content


def test_a_file_that_is_not_finished_is_not_there_and_the_one_before_stays(root: Place) -> None:
    write(root / "a.csv", b"whole")

    def fail() -> None:
        with whole_file(root / "a.csv") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (root / "a.csv").read_text() == "whole"
    assert names_in(root) == ["a.csv"]


def test_a_worker_that_does_not_see_a_file_says_so(root: Place) -> None:
    file = LandingFile(root / "elsewhere.csv", "elsewhere.csv", "", USUAL, 1, (Chunk(0, 10, 2, 1),))
    with pytest.raises(LandingFileRefused, match=r"elsewhere\.csv: the worker .* has no such file: put it into"):
        read_chunk_on_worker(file, file.chunks[0])


def test_an_upload_that_did_not_arrive_is_an_error(server: S3Server, aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in server.environment().items():
        aws.setenv(name, value)
    aws.setattr("pyarrow.fs.copy_files", lambda *_, **__: None)
    with pytest.raises(SantanderError, match=r"s3a://files/lost: the upload did not arrive whole"):
        write(place("s3a://files/lost"), b"content")
