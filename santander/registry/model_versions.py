"""Which versions of the tables the registered models were made from: their runs say so in tags."""

from typing import TYPE_CHECKING

from santander.registry.tracking import has_registry, open_tracking
from santander.schema.catalogue import Table

if TYPE_CHECKING:
    from santander.config.settings import Settings


def versions_named_by_models(settings: "Settings", tables: list[Table]) -> dict[str, dict[int, list[int]]]:
    """For each table the versions of it that models name, each with the numbers of those models; empty without a registry."""
    named: dict[str, dict[int, list[int]]] = {table.name: {} for table in tables}
    if not has_registry(settings):
        return named
    client = open_tracking(settings)
    from mlflow.exceptions import MlflowException

    for model in client.search_model_versions(f"name = '{settings.mlflow.registered_model}'"):
        try:
            tags = client.get_run(str(model.run_id)).data.tags
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            continue  # the run was deleted for good, and with it what it named
        for name, versions in named.items():
            text = tags.get(f"delta.{name}", "")
            if text.isdigit():
                versions.setdefault(int(text), []).append(int(model.version))
    return named
