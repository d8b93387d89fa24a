"""Every method of the stored Oz API as a request to send and a parser of its response. No network I/O.

The methods of both clients are made of these, with signature and docstring (`clients.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Unpack
from urllib.parse import quote, urlencode

from faceVer.client.call import Call, Options
from faceVer.client.files import NamedFile, Source
from faceVer.client.folder_parsing import parse_folder
from faceVer.client.form import Body, Part, form
from faceVer.client.oz import parsing
from faceVer.client.oz.results import Company, Page, Tokens, User
from faceVer.client.parts import media_part
from faceVer.client.payload import NAME as PAYLOAD
from faceVer.client.payload import AnalysisRequest, Biometry, Quality, payload
from faceVer.client.response import Response
from faceVer.client.results import Analysis, Folder, Medium

T = TypeVar("T")
JSON = "application/json"
Filters = Mapping[str, Any]
"""Filters of a list by the API's names, such as {"time_created.min": 1.7e9, "analyse.type": "QUALITY"}."""


class OzCalls:
    """Makes the calls."""

    def sign_in(self, email: str, password: str) -> Call[Tokens]:
        body = {"credentials": {"email": email, "password": password}}
        return _json("POST", "/api/authorize/auth/", parsing.tokens, {}, body, safe=True)

    def renew(self, tokens: Tokens) -> Call[Tokens]:
        body = {"expire_token": tokens.expire_token}
        call = _json("POST", "/api/authorize/refresh/", parsing.tokens, {}, body, safe=True)
        return with_token(call, tokens.access_token)

    def end_session(self, **options: Unpack[Options]) -> Call[None]:
        """End the session in use. The next call signs in again where there is a password."""
        return _empty("/api/authorize/", options)

    def create_folder(
        self,
        media: Mapping[str, NamedFile] | None = None,
        analyses: Sequence[AnalysisRequest] = (),
        *,
        tags: Mapping[str, Sequence[str]] | None = None,
        meta_data: Mapping[str, Any] | None = None,
        media_meta_data: Mapping[str, Mapping[str, Any]] | None = None,
        resolution_endpoint: str | None = None,
        **options: Unpack[Options],
    ) -> Call[Folder]:
        """Create a folder. media: files under names of their own; tags, media_meta_data: by these names.

        With analyses, the response waits for them, as long as the server lets a request wait; `wait` waits longer.
        """
        request = payload(analyses, tags, meta_data, media_meta_data, resolution_endpoint)
        return _upload("/api/folders/", media or {}, request, parsing.folder, options)

    def folder(self, folder_id: str, **options: Unpack[Options]) -> Call[Folder]:
        """A folder with its media and analyses."""
        return Call(f"/api/folders/{_id(folder_id)}/", parsing.folder, options)

    def list_folders(
        self,
        filters: Filters | None = None,
        *,
        offset: int = 0,
        limit: int = 100,
        with_analyses: bool = False,
        **options: Unpack[Options],
    ) -> Call[Page[Folder]]:
        """A page of folders, newest first. `folders` reads all pages."""
        query = {**(filters or {}), "offset": offset, "limit": limit, "with_analyses": str(with_analyses).lower()}
        return Call(f"/api/folders/?{_query(query)}", parsing.page(parse_folder), options)

    def change_folder(self, folder_id: str, changes: Mapping[str, Any], **options: Unpack[Options]) -> Call[Folder]:
        """changes: of operator_status, operator_comment, resolution_endpoint, user_id."""
        return _json("PATCH", f"/api/folders/{_id(folder_id)}/", parsing.folder, options, changes)

    def delete_folder(self, folder_id: str, **options: Unpack[Options]) -> Call[None]:
        """Delete a folder with its media, analyses and files."""
        return _empty(f"/api/folders/{_id(folder_id)}/", options)

    def erase_folder(self, folder_id: str, **options: Unpack[Options]) -> Call[None]:
        """Erase the personal data of a folder; ids, times, scores and statuses stay."""
        return _empty(f"/api/folders/{_id(folder_id)}/pi/", options)

    def add_media(
        self,
        folder_id: str,
        media: Mapping[str, NamedFile],
        *,
        tags: Mapping[str, Sequence[str]] | None = None,
        meta_data: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Unpack[Options],
    ) -> Call[list[Medium]]:
        """Add media to a folder; the result are those added. tags, meta_data: by the names of media."""
        request = payload((), tags, None, meta_data)
        return _upload(f"/api/folders/{_id(folder_id)}/media/", media, request, parsing.media, options)

    def media_item(self, media_id: str, **options: Unpack[Options]) -> Call[Medium]:
        """A media item."""
        return Call(f"/api/media/{_id(media_id)}/", parsing.media_item, options)

    def tag_media(self, media_id: str, tags: Sequence[str], **options: Unpack[Options]) -> Call[Medium]:
        """Replace the tags of a media item."""
        return _json("PATCH", f"/api/media/{_id(media_id)}/", parsing.media_item, options, {"tags": list(tags)})

    def delete_media(self, media_id: str, **options: Unpack[Options]) -> Call[None]:
        """Delete a media item and its files."""
        return _empty(f"/api/media/{_id(media_id)}/", options)

    def request_analyses(
        self,
        folder_id: str,
        analyses: Sequence[AnalysisRequest],
        *,
        resolution_endpoint: str | None = None,
        **options: Unpack[Options],
    ) -> Call[list[Analysis]]:
        """Begin analyses. Their `source_media` are ids of media. The result is their state at the beginning."""
        body: dict[str, Any] = {
            "analyses": [one.document() if isinstance(one, (Quality, Biometry)) else dict(one) for one in analyses]
        }
        if resolution_endpoint is not None:
            body["resolution_endpoint"] = resolution_endpoint
        return _json("POST", f"/api/folders/{_id(folder_id)}/analyses/", parsing.analyses, options, body)

    def analyses(self, folder_id: str, **options: Unpack[Options]) -> Call[list[Analysis]]:
        """The analyses of a folder, oldest first."""
        return Call(f"/api/folders/{_id(folder_id)}/analyses/", parsing.analyses, options)

    def analysis(self, analysis_id: str, **options: Unpack[Options]) -> Call[Analysis]:
        """An analysis."""
        return Call(f"/api/analyses/{_id(analysis_id)}/", parsing.analysis, options)

    def decide_analysis(
        self, analysis_id: str, result: str | None, comment: str | None = None, **options: Unpack[Options]
    ) -> Call[Analysis]:
        """Decide a finished analysis as an operator. result: SUCCESS, DECLINED; None takes a decision back."""
        body = {"resolution_operator": result, "comment": comment}
        return _json("PATCH", f"/api/analyses/{_id(analysis_id)}/", parsing.analysis, options, body)

    def delete_analysis(self, analysis_id: str, **options: Unpack[Options]) -> Call[None]:
        """Delete an analysis; one that runs is cancelled."""
        return _empty(f"/api/analyses/{_id(analysis_id)}/", options)

    def meta_data(self, kind: str, object_id: str, **options: Unpack[Options]) -> Call[dict[str, Any]]:
        """The metadata of an object. kind: folders, media, analyses, users."""
        return Call(_meta_data(kind, object_id), parsing.meta_data, options)

    def set_meta_data(
        self,
        kind: str,
        object_id: str,
        meta_data: Mapping[str, Any],
        *,
        merge: bool = False,
        **options: Unpack[Options],
    ) -> Call[dict[str, Any]]:
        """Replace the metadata of an object; merge: put the given keys over it. kind: as for `meta_data`."""
        verb = "PATCH" if merge else "POST"
        return _json(verb, _meta_data(kind, object_id), parsing.meta_data, options, meta_data)

    def create_user(
        self, email: str, password: str, profile: Mapping[str, Any], **options: Unpack[Options]
    ) -> Call[User]:
        """profile: user_type, first_name, last_name, company_id and more, by the API's names."""
        body = {"credentials": {"email": email, "password": password}, "profile": dict(profile)}
        return _json("POST", "/api/users/", parsing.user, options, body)

    def user(self, user_id: str, **options: Unpack[Options]) -> Call[User]:
        """A user."""
        return Call(f"/api/users/{_id(user_id)}/", parsing.user, options)

    def list_users(self, filters: Filters | None = None, **options: Unpack[Options]) -> Call[Page[User]]:
        """A page of users."""
        return Call(f"/api/users/?{_query(filters or {})}", parsing.page(parsing.parse_user), options)

    def change_user(self, user_id: str, changes: Mapping[str, Any], **options: Unpack[Options]) -> Call[User]:
        """changes: fields of the profile, by the API's names."""
        return _json("PATCH", f"/api/users/{_id(user_id)}/", parsing.user, options, changes)

    def delete_user(self, user_id: str, **options: Unpack[Options]) -> Call[None]:
        """Delete a user; the folders stay."""
        return _empty(f"/api/users/{_id(user_id)}/", options)

    def create_company(self, name: str, **options: Unpack[Options]) -> Call[Company]:
        """Create a company."""
        return _json("POST", "/api/companies/", parsing.company, options, {"name": name})

    def list_companies(self, filters: Filters | None = None, **options: Unpack[Options]) -> Call[Page[Company]]:
        """A page of companies."""
        return Call(f"/api/companies/?{_query(filters or {})}", parsing.page(parsing.parse_company), options)

    def company(self, company_id: str, **options: Unpack[Options]) -> Call[Company]:
        """A company."""
        return Call(f"/api/companies/{_id(company_id)}/", parsing.company, options)

    def change_company(self, company_id: str, changes: Mapping[str, Any], **options: Unpack[Options]) -> Call[Company]:
        """changes: of name, by the API's names."""
        return _json("PATCH", f"/api/companies/{_id(company_id)}/", parsing.company, options, changes)

    def delete_company(self, company_id: str, *, confirm: bool = False, **options: Unpack[Options]) -> Call[None]:
        """Delete a company with its users and folders. confirm: also the company of the account in use."""
        return _empty(f"/api/companies/{_id(company_id)}/{'?confirm=true' if confirm else ''}", options)

    def service_token(self, user_id: str, **options: Unpack[Options]) -> Call[Tokens]:
        """A new long-lived token of a service account, for `token=` of a client."""
        return _json("POST", f"/api/authorize/service_token/{_id(user_id)}/", parsing.tokens, options, {})

    def download(self, url: str, **options: Unpack[Options]) -> Call[bytes]:
        """A stored file by its signed address (`Medium.url`, `BestShot.url`), which needs no token."""
        if not url.startswith(("http://", "https://")):
            raise ValueError("not the address of a file")
        return Call(url, parsing.content, options)


def with_token(call: Call[T], token: str) -> Call[T]:
    """The call with an access token. A signed address keeps its own."""
    if call.path.startswith("http"):
        return call
    headers = {**call.headers, "X-Forensic-Access-Token": token}
    return Call(call.path, call.parse, call.options, call.body, call.safe, call.statuses, call.verb, headers)


def _json(
    verb: str,
    path: str,
    parse: Callable[[Response], T],
    options: Options,
    body: Mapping[str, Any],
    *,
    safe: bool = False,
) -> Call[T]:
    data = Body(JSON, ((Source.of(json.dumps(body, allow_nan=False).encode()), False),))
    return Call(path, parse, options, data, safe or verb == "PATCH", (200, 201), verb)


def _empty(path: str, options: Options) -> Call[None]:
    # A repeated deletion would answer 404, though the first one has worked.
    return Call(path, parsing.nothing, options, None, False, (204,), "DELETE")


def _upload(
    path: str,
    media: Mapping[str, NamedFile],
    request: bytes,
    parse: Callable[[Response], T],
    options: Options,
) -> Call[T]:
    if PAYLOAD in media:
        raise ValueError(f"no media item can be named {PAYLOAD!r}")
    parts = [media_part(name, file) for name, file in media.items()]
    parts.append(Part(PAYLOAD, Source.of(request), JSON, None))
    return Call(path, parse, options, form(parts, encoded=False), False, (201,))


def _meta_data(kind: str, object_id: str) -> str:
    if kind not in ("folders", "media", "analyses", "users"):
        raise ValueError("metadata belong to folders, media, analyses or users")
    return f"/api/{kind}/{_id(object_id)}/meta_data/"


def _id(text: str) -> str:
    """An id as a part of a path: nothing in it can lead elsewhere."""
    if not text or text.strip(".") == "":
        raise ValueError("not an id")
    return quote(text, safe="")


def _query(values: Mapping[str, Any]) -> str:
    return urlencode({key: value for key, value in values.items() if value is not None}, doseq=True)
