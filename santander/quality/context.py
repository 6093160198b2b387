"""The context of Great Expectations in which months are validated: it keeps nothing and asks nobody."""

from typing import TYPE_CHECKING

import great_expectations as gx
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext


def ephemeral_context() -> "EphemeralDataContext":
    """Return a new context in memory, without progress bars and usage statistics."""
    in_memory = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(
        store_backend_defaults=in_memory, progress_bars=ProgressBarsConfig(globally=False), analytics_enabled=False
    )
    return gx.get_context(mode="ephemeral", project_config=config)
