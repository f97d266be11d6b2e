"""What the documentation shows is run, in its order, in one session."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import board
from PIL import Image

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "python.md"
NOTEBOOK = ROOT / "bindings" / "python" / "examples" / "boards.ipynb"


@pytest.fixture
def place(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders that the page speaks of."""
    shutil.copytree(folder, tmp_path / "labelled")
    shutil.copytree(folder / "train" / "good", tmp_path / "good_images")
    shutil.copytree(folder / "test" / "missing", tmp_path / "new_images")
    (tmp_path / "more_good").mkdir()
    for seed in range(50, 60):
        Image.fromarray(board(seed)).save(tmp_path / "more_good" / f"{seed}.png")
    Image.fromarray(board(99, lacks=True)).save(tmp_path / "new.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_piece_of_the_page_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    pieces = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(pieces) > 8
    names: dict[str, object] = {}
    for number, piece in enumerate(pieces, start=1):
        exec(compile(piece, f"{PAGE.name}, piece {number}", "exec"), names)  # noqa: S102
    printed = capsys.readouterr().out
    assert "anomalous" in printed and "channels first" in printed and "gone.png" in printed


def test_the_notebook_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "outputs are not kept"
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output
    )
    assert "ANOMALOUS" in printed and "image AUC" in printed
