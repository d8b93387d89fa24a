"""Parsers of the stored Oz API's responses. They raise UnreadableError only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from faceVer.client.folder_parsing import parse_analysis, parse_folder, parse_medium
from faceVer.client.oz.results import Company, Page, Tokens, User
from faceVer.client.response import Response, UnreadableError, objects, optional, required
from faceVer.client.results import Analysis, Folder, Medium

T = TypeVar("T")
Object = Mapping[str, Any]


def nothing(response: Response) -> None:
    """Of a 204."""


def content(response: Response) -> bytes:
    """A file."""
    return response.body


def meta_data(response: Response) -> dict[str, Any]:
    return response.document()


def folder(response: Response) -> Folder:
    return parse_folder(response.document())


def media(response: Response) -> list[Medium]:
    return [parse_medium(one) for one in _array(response)]


def media_item(response: Response) -> Medium:
    return parse_medium(response.document())


def analyses(response: Response) -> list[Analysis]:
    return [parse_analysis(one) for one in _array(response)]


def analysis(response: Response) -> Analysis:
    return parse_analysis(response.document())


def tokens(response: Response) -> Tokens:
    document = response.document()
    found = optional(document, "user", dict)
    return Tokens(
        required(document, "access_token", str),
        optional(document, "expire_token", str) or "",
        optional(document, "expire_date", float) or 0.0,
        None if found is None else parse_user(found),
    )


def user(response: Response) -> User:
    return parse_user(response.document())


def company(response: Response) -> Company:
    return parse_company(response.document())


def page(parse: Callable[[Object], T]) -> Callable[[Response], Page[T]]:
    """The parser of a page of such objects."""

    def read(response: Response) -> Page[T]:
        document = response.document()
        items = [parse(one) for one in objects(document, "items")]
        return Page(items, optional(document, "total_count", int), optional(document, "offset", int) or 0)

    return read


def parse_user(document: Object) -> User:
    active = optional(document, "is_active", bool)
    return User(
        required(document, "user_id", str),
        required(document, "user_type", str),
        optional(document, "company_id", str) or "",
        optional(document, "email", str) or "",
        optional(document, "first_name", str) or "",
        optional(document, "last_name", str) or "",
        True if active is None else active,
        document,
    )


def parse_company(document: Object) -> Company:
    return Company(
        required(document, "company_id", str),
        optional(document, "name", str) or "",
        optional(document, "in_deletion", bool) or False,
    )


def _array(response: Response) -> list[dict[str, Any]]:
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnreadableError("the response is not a list of objects")
    return found
