"""Feast's handle on a query of ours: the lazy frame itself, and the forms Feast may ask it for."""

from typing import TYPE_CHECKING

from feast import RepoConfig
from feast.infra.offline_stores.contrib.spark_offline_store.spark import SparkRetrievalJob
from feast.infra.offline_stores.offline_store import RetrievalMetadata

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame


class LakeRetrievalJob(SparkRetrievalJob):
    """A frame that was planned and not run. ``to_spark_df`` gives it away as it is."""

    def __init__(
        self,
        frame: "DataFrame",
        config: RepoConfig,
        *,
        full_feature_names: bool = False,
        metadata: RetrievalMetadata | None = None,
    ) -> None:
        super().__init__(frame.sparkSession, query="", full_feature_names=full_feature_names, config=config, metadata=metadata)
        self._frame = frame

    def to_spark_df(self) -> "DataFrame":
        """The frame, still distributed."""
        return self._frame

    def _to_arrow_internal(self, timeout: int | None = None) -> "pa.Table":  # noqa: ARG002  (the engine has no such limit)
        return self._frame.toArrow()

    def _to_df_internal(self, timeout: int | None = None) -> "pd.DataFrame":  # noqa: ARG002
        return self._frame.toPandas()
