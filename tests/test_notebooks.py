import base64
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import Bank

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.mark.embedded  # its kernel would start a second Spark beside the tests'
@pytest.mark.sample(push=1)
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws_its_plots(scored_bank: Bank, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_DATA_DIR", str(scored_bank.settings.data))
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    plots = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    asked = sum("plt.show()" in cell.source for cell in notebook.cells)
    assert len(plots) == asked > 0
    assert all(len(base64.b64decode(plot)) > 5_000 for plot in plots)
    if folder := os.environ.get("SANTANDER_KEEP_NOTEBOOKS"):
        nbformat.write(notebook, Path(folder) / path.name)
