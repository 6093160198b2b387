import ast
import base64
import os
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from tests.conftest import Bank
from tests.shown_plots import missing_in

CHECKOUT = Path(__file__).parents[1]
NOTEBOOKS = CHECKOUT / "notebooks"
ENGLISH, SPANISH = NOTEBOOKS / "01_explore_the_bank.ipynb", NOTEBOOKS / "01_explorar_el_banco.ipynb"
CHECKED = f"import sys; sys.path.append({str(CHECKOUT)!r}); from tests.shown_plots import check_shown_plots; check_shown_plots()"
NAME = re.compile(r"^[a-z]+$|[a-z]_[a-z]|::| AS ")
"""What is no text for people: one word in small letters, names with an underscore, queries."""


@pytest.mark.embedded  # its kernel would start a second Spark beside the tests'
@pytest.mark.sample(push=1)
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws_its_plots(scored_bank: Bank, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANTANDER_DATA_DIR", str(scored_bank.settings.data))
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, new_code_cell(CHECKED))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    plots = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    asked = sum("plt.show()" in cell.source for cell in notebook.cells)
    assert len(plots) == asked > 0
    assert all(len(base64.b64decode(plot)) > 5_000 for plot in plots)
    assert [o.text for o in outputs if o.get("name") == "stderr"] == [], "no warnings"
    assert not [o for o in outputs if re.search(r">\.\.\.<|&hellip;|…", o.get("data", {}).get("text/html", ""))], "nothing is cut"
    if folder := os.environ.get("SANTANDER_KEEP_NOTEBOOKS"):
        nbformat.write(notebook, Path(folder) / path.name)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_ends_with_a_conclusion(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    headings = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.startswith("## ")]
    assert headings[-1] in {"## Conclusion", "## Conclusión"}


def test_the_spanish_notebook_has_the_code_of_the_english_one_and_texts_of_its_own() -> None:
    english, spanish = (nbformat.read(path, as_version=4).cells for path in (ENGLISH, SPANISH))
    assert [(cell.id, cell.cell_type) for cell in english] == [(cell.id, cell.cell_type) for cell in spanish]
    for one, other in zip(english, spanish, strict=True):
        if one.cell_type == "markdown":
            assert one.source != other.source
        else:
            assert code_without_texts(one.source) == code_without_texts(other.source), one.id


def test_a_drift_of_the_code_is_seen_and_one_of_a_text_is_not() -> None:
    english = 'shown = bank.pandas("customers")\nax.set(title=f"In {month} {number(n)} of them")'
    assert code_without_texts(english) == code_without_texts(
        english.replace("In {month} {number(n)} of", "Son {number(n)} en {month}")
    )
    for now, then in ("customers", "features"), ("n)", "m)"), ("title", "xlabel"):
        assert code_without_texts(english) != code_without_texts(english.replace(now, then))


def code_without_texts(source: str) -> str:
    """Return code with "text" for each text; the values of an f-string remain, sorted, for languages order them differently."""
    return ast.unparse(WithoutTexts().visit(ast.parse(source)))


class WithoutTexts(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("text") if isinstance(node.value, str) and not NAME.search(node.value) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        if any(isinstance(part, ast.Constant) and NAME.search(part.value) for part in node.values):
            return node
        values = [ast.unparse(self.visit(part.value)) for part in node.values if isinstance(part, ast.FormattedValue)]
        return ast.Constant(("text", *sorted(values)))


def test_a_plot_without_title_or_labels_is_refused() -> None:
    figure = Figure()
    axes = figure.subplots()
    image = axes.imshow([[1, 2]])
    figure.colorbar(image)
    assert missing_in(figure) == [
        "a plot has no title",
        "a plot: the x axis has no label",
        "a plot: the y axis has no label",
        "a colour bar has no label",
    ]
    axes.set(title="Customers", xlabel="Month", ylabel="Customers")
    figure.axes[1].set_ylabel("Share")
    assert missing_in(figure) == []


@pytest.mark.parametrize(("rotation", "readable"), [(0, False), (60, True)])
def test_a_plot_whose_labels_run_into_each_other_is_refused(rotation: int, readable: bool) -> None:
    figure = Figure(figsize=(6, 3))
    axes = figure.subplots()
    axes.set(title="Customers", xlabel="Month", ylabel="Customers")
    axes.bar([f"2015-{month:02}" for month in range(1, 13)], range(12))
    axes.tick_params(axis="x", rotation=rotation)
    assert missing_in(figure) == ([] if readable else ["Customers: tick labels of the x axis overlap"])
