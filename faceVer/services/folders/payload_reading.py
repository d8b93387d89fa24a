"""The `payload` part of a folder request: from bytes to its wire model. The first error names its field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from faceVer.domain.analyses import AnalysisType
from faceVer.domain.errors import PayloadError
from faceVer.services.folders.payload import (
    AnalysisName,
    AnalysisParams,
    AnalysisRequest,
    MediaName,
    MetaData,
    Payload,
    Tags,
)
from faceVer.services.folders.strict_json import check_values, load_object, name_of
from faceVer.services.folders.validation import validated

StructT = TypeVar("StructT", bound=Struct)
_NESTED: Mapping[str, type[Struct]] = {"analyses": AnalysisRequest, "params": AnalysisParams}
_TABLES: dict[str, Any] = {"media:meta_data": MetaData, "media:tags": Tags}


def read_payload(data: bytes, media: Collection[str]) -> Payload:
    """The part's bytes, checked. media: the names of the request's media parts. Raises PayloadError."""

    def check(kind: type[str], value: str) -> None:
        if kind is MediaName and value not in media:
            raise ValueError("no such media item")
        if kind is AnalysisName and value.upper() not in AnalysisType.__members__:
            raise ValueError("no such analysis")

    return read_model(load_object(data, "payload"), Payload, _NESTED, check)


def read_model(
    root: dict[str, Any],
    model: type[StructT],
    nested: Mapping[str, type[Struct]],
    check: Callable[[type[str], str], None],
) -> StructT:
    """A parsed object as its wire model.

    nested: the models of fields that hold objects of their own. check: raises ValueError for a text that is not of its
    kind (`MediaName`, `AnalysisName`). Raises PayloadError, and what `check` raises.
    """

    def text(kind: type[str], value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
        check(kind, value)
        return kind(value)

    fields = model.__struct_encode_fields__
    try:
        payload = validated(_in_order(root, model, nested), model, text)
    except PayloadError as error:
        error.exposed = _with_key(error.exposed, root)
        raise
    except UnicodeEncodeError:  # half a surrogate pair in a text where msgspec expects none
        _check_values(root, fields)
        raise
    _check_values(root, fields)  # last, so that the checks above name their field more exactly
    return payload


def _check_values(root: dict[str, Any], fields: Collection[str]) -> None:
    for key, value in root.items():
        field = key if key in fields else "payload"
        check_values(key, field)
        check_values(value, field)


def _in_order(value: Any, model: type[Struct], nested: Mapping[str, type[Struct]]) -> Any:
    """The known fields in the order of the model: msgspec checks them in the order of the object."""
    if isinstance(value, list):
        return [_in_order(item, model, nested) if isinstance(item, dict) else item for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _in_order(value[name], nested[name], nested) if name in nested else value[name]
        for name in model.__struct_encode_fields__
        if name in value
    }


def _with_key(path: str, root: dict[str, Any]) -> str:
    """`media:tags[...][1]` with the key that the error is about: `media:tags.photo1[1]`."""
    table, found, rest = path.partition("[...]")
    if not found:
        return path
    key = next(key for key, value in root[table].items() if not _is_valid(value, _TABLES[table]))
    return f"{table}.{name_of(key)}{rest}"


def _is_valid(value: Any, type_: Any) -> bool:
    try:
        validated(value, type_)
    except (PayloadError, UnicodeEncodeError):
        return False
    return True
