"""Places of files that are no tables, such as landing files and submissions: a local path, or a key in a bucket.

A ``Place`` is a ``pathlib.Path`` or a ``BucketPath``, which has the few methods of a path that such files need, so code
that goes by them reads alike for both. Endpoint and credentials of a bucket are the usual AWS variables; what each engine
and library has to be told beyond them is derived here.
"""

import functools
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from santander.errors import InputError, SantanderError
from santander.storage.place_names import local_path

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

log = logging.getLogger("santander.storage")

_SCHEMES = ("s3a", "s3")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")
_CONNECT_SECONDS = 5
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Access:
    """How the buckets are reached: endpoint (None: that of AWS), region, and credentials (None: those of the machine's role).

    It travels to workers inside the tasks, as they have no such variables; nothing of it is ever printed.
    """

    endpoint: str | None
    region: str | None
    key_id: str | None = field(repr=False)
    secret: str | None = field(repr=False)
    token: str | None = field(repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Access":
        """From AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_REGION or AWS_DEFAULT_REGION, and the keys.

        Raises InputError for an endpoint that is no URL and for one key without the other.
        """
        endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
        if endpoint is not None and not endpoint.startswith(("http://", "https://")):
            raise InputError(f"AWS_ENDPOINT_URL={endpoint}: an endpoint begins with http:// or https://")
        key_id, secret = environ.get("AWS_ACCESS_KEY_ID") or None, environ.get("AWS_SECRET_ACCESS_KEY") or None
        if (key_id is None) != (secret is None):
            lacking = "AWS_ACCESS_KEY_ID" if key_id is None else "AWS_SECRET_ACCESS_KEY"
            raise InputError(f"{lacking} is not set: a bucket needs both keys, or neither where the machine has a role")
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None
        return cls(
            endpoint.rstrip("/") if endpoint else None,
            region or ("us-east-1" if endpoint else None),  # servers other than AWS take any, but clients want one
            key_id,
            secret,
            environ.get("AWS_SESSION_TOKEN") or None,
        )

    @property
    def is_plain_http(self) -> bool:
        """Whether the endpoint has no TLS, which the Rust libraries refuse unless told."""
        return self.endpoint is not None and self.endpoint.startswith("http://")

    def environment(self) -> dict[str, str]:
        """The variables that the embedded engine reads when it starts; the keys are in the environment already."""
        allow_http = "true" if self.is_plain_http else None
        named = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region, "AWS_ALLOW_HTTP": allow_http}
        return {name: value for name, value in named.items() if value}

    def table_options(self) -> dict[str, str]:
        """The storage options of ``deltalake``; a commit is a put that must find no object of its name."""
        named = {"AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_SESSION_TOKEN": self.token}
        return self.environment() | {name: value for name, value in named.items() if value} | {"conditional_put": "etag"}

    def filesystem(self) -> "S3FileSystem":
        """The client of ``pyarrow``, which workers have too; one per process."""
        return _filesystem(self)

    def __str__(self) -> str:
        return self.endpoint or f"AWS {self.region or '(no AWS_REGION)'}"


@functools.lru_cache(maxsize=4)
def _filesystem(access: Access) -> "S3FileSystem":
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    return S3FileSystem(
        access_key=access.key_id,
        secret_key=access.secret,
        session_token=access.token,
        region=access.region,
        endpoint_override=access.endpoint,
        connect_timeout=_CONNECT_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


@dataclass(frozen=True, slots=True)
class BucketPath:
    """One key, or all keys below it, in a bucket: written ``s3a://bucket/key``."""

    bucket: str
    key: str
    access: Access = field(repr=False, compare=False)

    def __truediv__(self, name: str) -> "BucketPath":
        return BucketPath(self.bucket, f"{self.key}/{name}" if self.key else name, self.access)

    def __str__(self) -> str:
        return f"s3a://{self.path}"

    @property
    def path(self) -> str:
        """Bucket and key as ``pyarrow`` writes them."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    def is_file(self) -> bool:
        """Whether there is an object of this key."""
        from pyarrow.fs import FileType

        with _told(self):
            return bool(self.access.filesystem().get_file_info(self.path).type == FileType.File)

    def read_text(self) -> str:
        """The whole object as UTF-8 text."""
        with open_read(self) as source:
            return source.read().decode()

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Delete the object."""
        if not missing_ok or self.is_file():
            with _told(self):
                self.access.filesystem().delete_file(self.path)

    def check(self) -> None:
        """Find out once whether the bucket can be listed here; raises InputError or SantanderError that say what is missing."""
        _check(self, self.access)


Place = Path | BucketPath


def place(text: str) -> Place:
    """The place that a user named: a local path, ``s3a://bucket/key`` or the same with ``s3://``. Raises InputError."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return local_path(text)
    if scheme not in _SCHEMES:
        raise InputError(f"{text}: a place is a local path or s3a://bucket/prefix; {scheme}:// is not known here")
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise InputError(f"{text}: '{bucket}' cannot be the name of a bucket")
    return BucketPath(bucket, key.strip("/"), Access.of(os.environ))


def is_same(one: Place, other: Place) -> bool:
    """Whether two places are one, however they are written."""
    if isinstance(one, Path) and isinstance(other, Path):
        return one.resolve() == other.resolve()
    return one == other


def recorded_place(text: str) -> Place:
    """The place that a table has on record, as ``place`` gives it; what names may hold was asked when it was put there."""
    return place(text) if "://" in text else Path(text)


def folder_place(text: str) -> Place:
    """As ``place``, for a folder that tables lie below: its prefix is of plain characters, which all clients spell alike."""
    found = place(text)
    if isinstance(found, BucketPath) and found.key and not _PREFIX.fullmatch(found.key):
        raise InputError(f"{text}: a prefix is made of letters, digits and ._=- between single slashes")
    return found


def open_read(source: Place) -> BinaryIO:
    """Open a file for bytes; it can be read and sought."""
    if isinstance(source, Path):
        return source.open("rb")
    with _told(source):
        return cast("BinaryIO", source.access.filesystem().open_input_file(source.path))


def size_of(file: Place) -> int:
    """Bytes of a file that is there."""
    if isinstance(file, Path):
        return file.stat().st_size
    with _told(file):
        return int(file.access.filesystem().get_file_info(file.path).size)


def state_in_bucket(file: BucketPath) -> tuple[int, str] | None:
    """Size and time of an object, None where there is none."""
    with _told(file):
        found = file.access.filesystem().get_file_info(file.path)
    return (int(found.size), str(found.mtime_ns)) if found.is_file else None


@contextmanager
def whole_file(target: Place) -> Iterator[BinaryIO]:
    """Open a file for bytes; it appears under its name only when the block ends well.

    In a folder it is written under another name first, for a bucket into the local temporary folder.
    """
    if isinstance(target, BucketPath):
        with tempfile.TemporaryDirectory(prefix="santander-") as folder:
            spooled = Path(folder) / "file"
            with spooled.open("wb") as file:
                yield file
            _upload(spooled, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def move(source: Place, target: Place) -> None:
    """Give a file another name in the same folder tree or bucket; whoever looks finds it whole under either name."""
    if isinstance(source, Path) and isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    elif isinstance(source, BucketPath) and isinstance(target, BucketPath):
        with _told(target):
            target.access.filesystem().move(source.path, target.path)
    else:
        raise TypeError(f"{source} and {target} are not in one place")


def _upload(file: Path, target: BucketPath) -> None:
    """One call into the library, which nothing interrupts: an upload that does not end leaves no object.

    The library has been seen to say nothing of a server's refusal to put the parts together, so the object is looked at.
    """
    from pyarrow.fs import LocalFileSystem, copy_files

    with _told(target):
        copy_files(
            str(file),
            target.path,
            source_filesystem=LocalFileSystem(),
            destination_filesystem=target.access.filesystem(),
            chunk_size=8 << 20,
        )
        arrived = target.access.filesystem().get_file_info(target.path)
    if arrived.size != file.stat().st_size:
        raise SantanderError(f"{target}: the upload did not arrive whole: try again")


def names_in(folder: Place) -> list[str]:
    """Names of the files and folders right below a folder, in order; none where there is no such folder."""
    if isinstance(folder, Path):
        return sorted(found.name for found in folder.iterdir()) if folder.is_dir() else []
    from pyarrow.fs import FileSelector

    with _told(folder):
        below = folder.access.filesystem().get_file_info(FileSelector(folder.path, allow_not_found=True))
    return sorted(found.base_name for found in below)


def remove_tree(folder: Place) -> None:
    """Remove a folder and all below it, where it is there; what cannot be removed stays."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
        return
    said = ""
    for _ in range(_ATTEMPTS):  # a server that keeps folders deletes one when it is empty, and all are asked for at once
        try:
            folder.access.filesystem().delete_dir(folder.path)
        except FileNotFoundError:
            return
        except OSError as error:
            said = str(error)
    log.warning("%s: not all of it could be removed (%s)", folder, said)


@functools.cache
def _check(folder: BucketPath, access: Access) -> None:
    from pyarrow.fs import FileSelector

    with _told(folder):
        try:
            # listing, unlike the question whether the bucket is there, is answered with a reason when it is refused
            access.filesystem().get_file_info(FileSelector(folder.path))
        except FileNotFoundError:
            log.debug("%s: empty", folder)


@contextmanager
def _told(where: BucketPath) -> Iterator[None]:
    """Errors of the S3 client as one line that names the remedy."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _explained(where, str(error)) from None


_REFUSED = re.compile(
    r"ACCESS_DENIED|SIGNATURE|ACCESS_KEY|CLIENT_TOKEN|UNRECOGNIZED_CLIENT|EXPIRED|AUTHENTICATION|UserNotFound|status 40[13]",
    re.IGNORECASE,
)


def _explained(where: BucketPath, said: str) -> SantanderError:
    access = where.access
    if "NO_SUCH_BUCKET" in said:
        return InputError(f"{where}: there is no bucket '{where.bucket}' at {access}: create it first")
    if "NETWORK_CONNECTION" in said:
        detail = said.rpartition("Details: ")[2].strip()
        return SantanderError(f"{where}: no S3 server answers at {access} ({detail}); AWS_ENDPOINT_URL names another")
    if "status 301" in said or "PERMANENT_REDIRECT" in said:
        return InputError(f"{where}: the bucket lies in another region than {access.region}: set AWS_REGION")
    if _REFUSED.search(said):
        if access.key_id is None:
            return InputError(f"{where}: no credentials for {access}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        return InputError(f"{where}: {access} refuses these credentials: see AWS_ACCESS_KEY_ID and the bucket's policy")
    return SantanderError(f"{where}: {said}")
