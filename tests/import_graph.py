"""The import graph of the package, imports inside functions included.

    python -m tests.import_graph [DEPTH]     (default 2: packages below faceVer)

Prints each package with those it imports, then the circles among modules, of which there must be none.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import faceVer

PACKAGE = "faceVer"
Graph = Mapping[str, frozenset[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module's dotted name and file."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = (PACKAGE, *path.relative_to(root).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def module_graph(root: Path) -> Graph:
    """Module -> the package's modules it imports anywhere in its source, but for those only type checkers import."""
    known = modules(root)
    return {name: frozenset(_imports(path, known)) - {name} for name, path in known.items()}


def _imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {id(node) for branch in ast.walk(tree) if _is_type_checking(branch) for node in ast.walk(branch)}
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in known else node.module


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def circles(graph: Graph) -> list[list[str]]:
    """The strongly connected groups of more than one module (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = [stack.pop()]
            while group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in index:
            visit(name)
    return found


def packages(graph: Graph, depth: int) -> Graph:
    """The graph with every module counted as the package at `depth` that holds it."""
    merged: dict[str, set[str]] = {}
    for name, others in graph.items():
        own = _at(name, depth)
        merged.setdefault(own, set()).update(_at(other, depth) for other in others)
    return {name: frozenset(others - {name}) for name, others in merged.items()}


def _at(name: str, depth: int) -> str:
    return ".".join(name.split(".")[:depth])


def main() -> int:
    graph = module_graph(Path(faceVer.__file__).parent)
    for name, others in sorted(packages(graph, int(sys.argv[1]) if len(sys.argv) > 1 else 2).items()):
        print(f"{name} -> {', '.join(sorted(others)) or '-'}")
    found = circles(graph)
    print(f"\n{len(graph)} modules, {len(found)} circles")
    for group in found:
        print("  " + " <-> ".join(group))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
