"""Buckets: how they are reached, from the usual AWS variables, and a key with the methods of a path that files of ours need.

What each engine and library needs beyond the variables is derived here; errors of the client become one line.
"""

import functools
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from santander.errors import InputError, SantanderError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_CONNECT_SECONDS = 5
"""Waited for a connection: a server on this or a near network answers in far less, and one that is down should be told soon. No
setting, as no other of a bucket's: what is read here is what the AWS clients read, and travels to the workers."""
_HASTY_SECONDS = 1
"""Waited by whoever has a copy to go on with. No setting, for the same reason."""
ATTEMPTS = 3
"""Made for each request before its error is passed on: a server that is busy answers the second."""


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
            raise InputError(
                f"AWS_ENDPOINT_URL={endpoint}: an endpoint begins with http:// or https://",
                hint="write it so, or unset the variable",
            )
        key_id, secret = environ.get("AWS_ACCESS_KEY_ID") or None, environ.get("AWS_SECRET_ACCESS_KEY") or None
        if (key_id is None) != (secret is None):
            lacking = "AWS_ACCESS_KEY_ID" if key_id is None else "AWS_SECRET_ACCESS_KEY"
            raise InputError(
                f"{lacking} is not set: a bucket needs both keys, or neither where the machine has a role",
                hint="set it, or unset the other",
            )
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

    def filesystem(self, *, is_hasty: bool = False) -> "S3FileSystem":
        """The client of ``pyarrow``, which workers have too; one per process, and one that asks once and does not wait long."""
        return _filesystem(self, is_hasty=is_hasty)

    def __str__(self) -> str:
        return self.endpoint or f"AWS {self.region or '(no AWS_REGION)'}"


@functools.lru_cache(maxsize=4)
def _filesystem(access: Access, *, is_hasty: bool) -> "S3FileSystem":
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    return S3FileSystem(
        access_key=access.key_id,
        secret_key=access.secret,
        session_token=access.token,
        region=access.region,
        endpoint_override=access.endpoint,
        connect_timeout=_HASTY_SECONDS if is_hasty else _CONNECT_SECONDS,
        request_timeout=_HASTY_SECONDS if is_hasty else None,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=1 if is_hasty else ATTEMPTS),
    )


log = logging.getLogger(__name__)

_CHUNK = 8 << 20
"""Bytes of each part of an upload: servers want 5 MiB at the least for all but the last."""


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

        with told_of(self):
            return bool(self.access.filesystem().get_file_info(self.path).type == FileType.File)

    def read_text(self) -> str:
        """The whole object as UTF-8 text."""
        with open_object(self) as source:
            return source.read().decode()

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Delete the object."""
        if not missing_ok or self.is_file():
            with told_of(self):
                self.access.filesystem().delete_file(self.path)

    def answers(self) -> bool:
        """Whether the server answers a question about this key, asked once and waited for no longer than a moment."""
        try:
            self.access.filesystem(is_hasty=True).get_file_info(self.path)
        except OSError:
            return False
        return True

    def check(self) -> None:
        """Find out once whether the bucket can be listed here; raises InputError or SantanderError that say what is missing."""
        _check(self, self.access)


def open_object(source: BucketPath) -> BinaryIO:
    """Open an object for bytes; it can be read and sought."""
    with told_of(source):
        return cast("BinaryIO", source.access.filesystem().open_input_file(source.path))


def state_in_bucket(file: BucketPath) -> tuple[int, str] | None:
    """Size and time of an object, None where there is none."""
    with told_of(file):
        found = file.access.filesystem().get_file_info(file.path)
    return (int(found.size), str(found.mtime_ns)) if found.is_file else None


def upload(file: Path, target: BucketPath) -> None:
    """Upload a file in one call of the library, which nothing interrupts: an upload that does not end leaves no object.

    The library has been seen to say nothing of a server's refusal to put the parts together, so the object is looked at.
    """
    from pyarrow.fs import LocalFileSystem, copy_files

    with told_of(target):
        copy_files(
            str(file),
            target.path,
            source_filesystem=LocalFileSystem(),
            destination_filesystem=target.access.filesystem(),
            chunk_size=_CHUNK,
        )
        arrived = target.access.filesystem().get_file_info(target.path)
    if arrived.size != file.stat().st_size:
        raise SantanderError(f"{target}: the upload did not arrive whole", hint="try again")


def remove_objects(folder: BucketPath) -> None:
    """Delete all objects below a key; what cannot be removed stays, and a warning says so."""
    said = ""
    for _ in range(ATTEMPTS):  # a server that keeps folders deletes one when it is empty, and all are asked for at once
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

    with told_of(folder):
        try:
            # listing, unlike the question whether the bucket is there, is answered with a reason when it is refused
            access.filesystem().get_file_info(FileSelector(folder.path))
        except FileNotFoundError:
            log.debug("%s: empty", folder)


@contextmanager
def told_of(where: BucketPath) -> Iterator[None]:
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
        return InputError(f"{where}: there is no bucket '{where.bucket}' at {access}", hint="create it first")
    if "NETWORK_CONNECTION" in said:
        detail = said.rpartition("Details: ")[2].strip()
        return SantanderError(f"{where}: no S3 server answers at {access} ({detail})", hint="AWS_ENDPOINT_URL names another")
    if "status 301" in said or "PERMANENT_REDIRECT" in said:
        return InputError(f"{where}: the bucket lies in another region than {access.region}", hint="set AWS_REGION")
    if _REFUSED.search(said):
        if access.key_id is None:
            return InputError(f"{where}: no credentials for {access}", hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        return InputError(f"{where}: {access} refuses these credentials", hint="see AWS_ACCESS_KEY_ID and the bucket's policy")
    return SantanderError(f"{where}: {said}")
