"""How buckets are reached: endpoint, region and credentials, from the usual AWS variables.

What each engine and library has to be told beyond them is derived here.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from santander.errors import InputError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_CONNECT_SECONDS = 5
"""Waited for a connection: a server on this or a near network answers in far less, and one that is down should be told soon. No
setting, as no other of a bucket's: what is read here is what the AWS clients read, and travels to the workers."""
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
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )
