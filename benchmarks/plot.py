"""Seconds by rows for each tool and step, drawn so that it can be read in print."""

from pathlib import Path

from contestants import OURS
from figures import Figures

_STEPS = {"ingest": "csv to clean table", "features": "features, all months", "month": "features, one month",
          "training_set": "training set", "scoring": "scoring"}  # fmt: skip
_STYLES = {
    OURS: ("black", "o", "-"), "polars_lazy": ("#0072b2", "s", "--"), "duckdb_sql": ("#e69f00", "^", "--"),
    "pandas_script": ("#009e73", "D", ":"), "pyspark_local": ("#cc79a7", "v", ":"),
}  # fmt: skip


def draw(figures: Figures, file: Path) -> None:
    """Write the picture; a tool without a figure at a size has no mark there."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    steps = [step for step in _STEPS if any(each.step == step and each.seconds for each in figures)]
    if not steps:
        return
    figure, axes = plt.subplots(1, len(steps), figsize=(3.1 * len(steps) + 0.6, 3.8), squeeze=False, layout="constrained")
    for place, step in zip(axes[0], steps, strict=True):
        for tool, (colour, marker, line) in _STYLES.items():
            found = sorted((f.rows / 1e6, f.seconds) for f in figures if f.step == step and f.tool == tool and f.seconds)
            if found:
                rows, seconds = zip(*found, strict=True)
                place.plot(rows, seconds, color=colour, marker=marker, linestyle=line, label=tool.split("_")[0])
        place.set(title=_STEPS[step], xlabel="million rows", xscale="log", yscale="log")
        place.grid(visible=True, which="both", alpha=0.25)
    axes[0][0].set_ylabel("seconds")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
