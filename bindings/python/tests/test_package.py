"""What the package says of itself: stubs and docstrings that agree, nothing that is not told of."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import oddspot
import oddspot._oddspot as compiled
import pytest

STUBS = Path(oddspot.__file__).with_name("_oddspot.pyi")


def told(body: list[ast.stmt], of: object) -> dict[str, tuple[str, str]]:
    """What stubs and the compiled module say of each name."""
    found = {}
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            there = getattr(of, node.name)
            found[node.name] = (ast.get_docstring(node) or "", inspect.getdoc(there) or "")
            if isinstance(node, ast.ClassDef):
                found.update({f"{node.name}.{name}": docs for name, docs in told(node.body, there).items()})
    return found


def test_stubs_and_docstrings_agree() -> None:
    docs = told(ast.parse(STUBS.read_text()).body, compiled)
    assert len(docs) > 15
    for name, (of_stubs, compiled_in) in docs.items():
        # Lines are broken elsewhere, and that is all.
        assert of_stubs.split() == compiled_in.split(), name


def test_everything_that_is_offered_has_a_docstring() -> None:
    for name in oddspot.__all__:
        offered = getattr(oddspot, name)
        if inspect.isclass(offered) or inspect.isfunction(offered):
            assert offered.__doc__, name
    assert re.fullmatch(r"\d+\.\d+\.\d+", oddspot.__version__)
    assert Path(oddspot.__file__).with_name("py.typed").is_file()


@pytest.mark.parametrize("name", ["PIL", "sklearn", "torch", "anomalib"])
def test_only_numpy_is_needed(name: str) -> None:
    script = f"import sys; sys.modules[{name!r}] = None; import oddspot, oddspot.anomalib; print(oddspot.Detector)"
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_errors_are_of_a_kind_and_of_pythons_own() -> None:
    for kind, own in (
        (oddspot.NotFoundError, FileNotFoundError),
        (oddspot.InvalidError, ValueError),
        (oddspot.DamagedError, ValueError),
        (oddspot.SystemRefusedError, OSError),
    ):
        assert issubclass(kind, own) and issubclass(kind, oddspot.OddspotError)
