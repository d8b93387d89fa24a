"""lower() for all letters on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class lower(GenericFunction[str]):  # noqa: N801 - in SQL it is a function
    """The text in lower case."""

    type = Text()
    inherit_cache = True
    package = "facever"


@compiles(lower, "postgresql")
def _on_postgresql(element: lower, compiler: SQLCompiler, **options: Any) -> str:
    return f"facever_lower{compiler.process(element.clause_expr, **options)}"  # made by a migration


@compiles(lower, "sqlite")
def _on_sqlite(element: lower, compiler: SQLCompiler, **options: Any) -> str:
    return f"lower{compiler.process(element.clause_expr, **options)}"  # replaced for each connection
