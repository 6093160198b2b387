"""How MLflow shows the experiment: as model training, with a saved view of the run list that has the figures to compare.

A saved view is a tag of the experiment; the page lists it under "Views" and opens it with ``?viewStateShareKey=review``.
"""

import json

_KIND, _VIEW = "mlflow.experimentKind", "mlflow.sharedViewState.review"

_SHOWN = {
    "tags.`promoted`": 90,
    "metrics.`map7`": 100,
    "metrics.`share_of_ceiling`": 130,
    "metrics.`gain_over_baseline`": 150,
    "metrics.`champion`": 100,
    "metrics.`gain_over_champion`": 160,
    "metrics.`gain_over_champion_lower`": 200,
    "tags.`verdict`": 420,
    "params.`kind`": 110,
}
"""The columns of the view, as the page names them, with their widths in pixels."""


def experiment_tags() -> dict[str, str]:
    """The tags that an experiment of ours has from its first run on."""
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(_SHOWN),
        "columnOrder": list(_SHOWN),
        "columnWidths": _SHOWN,
    }
    view = {"name": "Review", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return {_KIND: "custom_model_development", _VIEW: json.dumps(view)}
