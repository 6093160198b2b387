"""What Apache Spark is told about a bucket.

Spark's driver takes the keys from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN itself and hands them to
the workers, so none stands here: these settings become words of a command line, which every user of a machine can read.
"""

from collections.abc import Mapping

from santander.storage.bucket import Access

LOG_STORE = "santander.S3ConditionalLogStore"
"""Commits by conditional puts: compiled from ``jars/s3a.scala`` when the jars are fetched (docs/adr/0008)."""


def settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings of Spark for tables at s3a://…, from the AWS variables. Raises InputError where these cannot be meant."""
    access = Access.of(environ)
    conf = {"spark.delta.logStore.s3a.impl": LOG_STORE}
    if access.region:
        conf["spark.hadoop.fs.s3a.endpoint.region"] = access.region
    if access.endpoint:
        conf |= {
            "spark.hadoop.fs.s3a.endpoint": access.endpoint,
            # other servers than AWS rarely have a host name for each bucket
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": str(not access.is_plain_http).lower(),
        }
    return conf
