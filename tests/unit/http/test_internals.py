"""The private attributes of aiohttp that the server uses, and the versions it is tested with."""

from __future__ import annotations

import ast
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

import faceVer
from faceVer.http.server import internals

ROOT = Path(faceVer.__file__).parent / "http"
PUBLIC = {"_asdict", "_exit", "_replace"}
"""Documented names with an underscore: of named tuples, and of os."""


def private_names(path: Path) -> tuple[set[str], set[str]]:
    """(private names that a module defines or assigns, private attributes it reads or assigns)."""
    defined, used = set[str](), set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            used.add(node.attr)
            if (
                isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id in ("self", "cls")
            ):
                defined.add(node.attr)
    return defined, used - PUBLIC


def foreign_names() -> Iterator[tuple[str, str]]:
    """(module, private attribute that it uses and does not define)."""
    for path in sorted(ROOT.rglob("*.py")):
        defined, used = private_names(path)
        for name in sorted(used - defined):
            yield str(path.relative_to(ROOT)), name


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in internals.PRIVATE.items() for name in names]
)
def test_a_private_attribute_exists(owner: type, name: str) -> None:
    version = importlib.metadata.version("aiohttp")
    assert hasattr(owner, name), f"aiohttp {version} has no {owner.__name__}.{name}: adapt {internals.__file__}"


@pytest.mark.parametrize(("distribution", "minors"), internals.TESTED.items())
def test_the_installed_minor_version_is_one_that_was_tested(distribution: str, minors: tuple[str, ...]) -> None:
    version = importlib.metadata.version(distribution)
    assert ".".join(version.split(".")[:2]) in minors, (
        f"{distribution} {version} is new: run the server's tests with it, then add it to {internals.__file__}"
    )


def test_the_table_names_every_private_attribute_that_is_used() -> None:
    defined, used = private_names(Path(internals.__file__))
    assert used == {name for names in internals.PRIVATE.values() for name in names}
    assert used & defined == {"_make_server", "_message_tail", "_upgraded"}  # overridden, reset


def test_no_other_module_uses_private_attributes_of_a_library() -> None:
    elsewhere = {found for found in foreign_names() if found[0] != "server/internals.py"}
    assert elsewhere == set()
