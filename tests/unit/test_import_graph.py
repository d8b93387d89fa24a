"""No module of the package imports itself by way of others, imports inside functions included."""

from __future__ import annotations

from pathlib import Path

import faceVer
from tests.import_graph import circles, module_graph

ROOT = Path(faceVer.__file__).parent


def test_there_is_no_circle_of_imports() -> None:
    graph = module_graph(ROOT)
    assert len(graph) > 100
    assert circles(graph) == []


def test_a_circle_through_a_function_is_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "one.py").write_text("from faceVer.two import x\n")
    (tmp_path / "two.py").write_text("def x():\n    from faceVer import one\n    return one\n")
    (tmp_path / "three.py").write_text("import faceVer.one\n")
    assert circles(module_graph(tmp_path)) == [["faceVer.one", "faceVer.two"]]
