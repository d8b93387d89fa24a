"""Random requests of users of one company, with ids of another: no answer may hold anything of the other."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.support import NOBODY, Caller, Site, new_user, sqlite_site

pytestmark = pytest.mark.slow
COUNT, SEED = int(os.environ.get("FUZZ_COUNT", "10000")), int(os.environ.get("FUZZ_SEED", "1"))
MARKER = "wanderfalke"
"""A word in every text of the other company's objects."""
ROLES = ("CLIENT", "CLIENT_SERVICE", "CLIENT_OPERATOR", "CLIENT_ADMIN")
METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS")
CALLS = (
    *("GET folders", "GET folders", "POST folders", "GET folders/{folder}", "PATCH folders/{folder}"),
    *("DELETE folders/{folder}", "DELETE folders/{folder}/pi", "GET folders/{folder}/media"),
    *("DELETE folders/{folder}/media/{media}", "GET folders/{folder}/analyses", "POST folders/{folder}/analyses"),
    *("GET folders/{folder}/meta_data", "POST folders/{folder}/meta_data", "DELETE folders/{folder}/meta_data"),
    *("GET media/{media}", "PATCH media/{media}", "DELETE media/{media}", "GET media/{media}/meta_data"),
    *("GET analyses/{analysis}", "PATCH analyses/{analysis}", "DELETE analyses/{analysis}"),
    *("GET analyses/{analysis}/meta_data", "PATCH analyses/{analysis}/meta_data", "GET users", "POST users"),
    *("GET users/{user}", "PATCH users/{user}", "DELETE users/{user}", "POST users/{user}/change-password"),
    *("GET users/{user}/meta_data", "PATCH users/{user}/meta_data", "GET companies", "GET companies/{company}"),
    *("PATCH companies/{company}", "DELETE companies/{company}", "GET companies/{company}/retention"),
    *("PATCH companies/{company}/retention", "GET sessions", "DELETE sessions/{session}", "GET audit"),
    *("GET webhooks", "POST webhooks/{group}/resend", "GET statistics", "GET authorize/service_token/{user}"),
    *("GET event_sessions", "GET collections/{folder}", "GET reports/{folder}", "GET folders/{folder}/reports"),
    *("GET report_templates", "GET report_templates/{group}", "GET report_templates/{group}/attachments"),
)
QUERIES = (
    *(
        "",
        "",
        "?with_user=1&with_company=1&with_analyses=1",
        "?folder_id={folder}",
        "?company_id={company}",
        "?user_id={user}",
    ),
    *("?search_text=" + MARKER, f"?meta_data=secret=={MARKER}", "?limit=-1", "?sorting=time_created{{asc}}"),
    *(
        "?folder_id.exclude={any}",
        "?company_id.exclude={any}",
        "?user_id.exclude={any}",
        "?object_id={any}",
        "?with_company=true",
    ),
    *("?is_cleared=0", "?email=" + MARKER + "@example.org", "?confirm=1", "?meta_data=a!=b", "?analyse.type=quality"),
)


class World:
    """Two companies with objects. own, foreign: (kind, id) of their objects; secrets: what must not be seen."""

    def __init__(self, site: Site, photo: bytes) -> None:
        self.photo = photo
        own, other = site.company(), site.company()
        site.admin.patch(f"/api/companies/{other}/", {"name": f"{MARKER} ltd"})
        self.callers = [site.user(role, own) for role in ROLES]
        self.strangers = [site.user(role, other, first_name=MARKER, meta_data={"secret": MARKER}) for role in ROLES]
        self.keys: list[str] = []
        self.own = [("company", own), *self._objects(self.callers, "p")]
        self.foreign = [("company", other), *self._objects(self.strangers, MARKER)]
        words = [MARKER, *self.keys, *(ident for _, ident in self.foreign)]
        self.secrets = [word.encode() for word in words]

    def _objects(self, callers: list[Caller], name: str) -> Iterator[tuple[str, str]]:
        details = {"secret": name}
        payload = {"analyses": [{"type": "quality", "meta_data": details}], "folder:meta_data": details}
        for caller in callers:
            folder = caller.upload({name: (f"{name}.jpg", self.photo)}, payload)
            media, analysis = folder["media"][0], folder["analyses"][0]
            yield from (("user", caller.user_id), ("folder", folder["folder_id"]), ("media", media["media_id"]))
            yield from (("analysis", analysis["analysis_id"]), ("group", analysis["group_id"]))
            yield from (("session", one["token_id"]) for one in caller.get("/api/sessions/")["items"])
            if name == MARKER:
                shot = analysis["results_media"][0]["output_images"][0]
                addresses = (media["original_url"], media["thumb_url"], shot["original_url"])
                self.keys += [address.partition("?")[0].rpartition("/")[2].partition(".")[0] for address in addresses]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, photo: bytes) -> Iterator[World]:
    with sqlite_site(tmp_path_factory.mktemp("store")) as site:
        yield World(site, photo)


class Requests:
    """Random requests; the same ones for the same seed."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)

    def ident(self, kind: str = "any") -> str:
        """An id, mostly one of the other company and of an object of that kind."""
        chance = self.random.random()
        if chance > 0.95:
            return self.random.choice((NOBODY, "x", "%00", "", self.random.choice(self.world.foreign)[1].upper()))
        pool = self.world.foreign if chance < 0.55 else self.world.own
        right = [ident for found, ident in pool if kind in ("any", found)]
        return self.random.choice(right if self.random.random() < 0.9 else [ident for _, ident in pool])

    def line(self) -> tuple[str, str]:
        """(method, path)"""
        if self.random.random() < 0.05:
            return "GET", f"/static/{self.ident('folder')}/{self.random.choice(self.world.keys)}.jpg"
        method, _, path = self.random.choice(CALLS).partition(" ")
        if self.random.random() < 0.1:
            method = self.random.choice(METHODS)
        path += self.random.choice(("", "/")) + self.random.choice(QUERIES)
        kinds = ("folder", "media", "analysis", "group", "user", "company", "session", "any")
        return method, "/api/" + path.format_map({kind: self.ident(kind) for kind in kinds})

    def body(self, path: str) -> Any:
        if "/meta_data" in path:  # it is kept as it is, and would be found again later
            return {"a": self.random.random()}
        return self.random.choice(
            (
                None,
                {},
                {"analyses": [{"type": "quality", "source_media": [self.ident()]}]},
                {"user_id": self.ident(), "operator_status": "SUCCESS"},
                {"tags": ["x"], "resolution_operator": "DECLINED"},
                new_user("CLIENT", self.ident()),
                {"company_id": self.ident(), "profile": {"company_id": self.ident()}},
                {"new_password": "a very long password"},
                {"name": "new name", "image": 1},
                {"expire_token": self.ident()},
            )
        )


def test_nothing_of_another_company_is_seen(world: World) -> None:
    requests = Requests(world, SEED)
    before = [caller.get("/api/folders/?with_analyses=1") for caller in world.strangers]
    seen: Counter[int] = Counter()
    while seen.total() < COUNT:
        caller, (method, path) = requests.random.choice(world.callers), requests.line()
        body = requests.body(path)
        if _ends_a_caller(world, method, path):
            continue  # the users of the test stay able to sign in
        answer = caller.call(method, path, body)
        seen[answer.status_code] += 1
        assert answer.status_code < 500 or answer.status_code == 501, (method, path, body, answer.text)
        sent = (path + json.dumps(body)).encode().lower()
        for secret in world.secrets:
            if secret in answer.content.lower() and secret not in sent:
                pytest.fail(f"{caller.user['user_type']} {method} {path} {body}: {secret!r} in {answer.text[:500]}")
        if answer.status_code in (200, 201, 204, 206):
            _check_success(world, method, path, answer.content)
    print(f"{seen.total()} requests, seed {SEED}: {dict(sorted(seen.items()))}")
    assert seen[200] > 0.1 * COUNT
    assert seen[403] > 0.1 * COUNT
    after = [caller.get("/api/folders/?with_analyses=1") for caller in world.strangers]
    assert [_lasting(page) for page in after] == [_lasting(page) for page in before]


def _ends_a_caller(world: World, method: str, path: str) -> bool:
    """Whether a request could change how a user of the test signs in."""
    path = path.partition("?")[0]
    if method not in ("POST", "PATCH", "DELETE") or "/meta_data" in path:
        return False
    return any(kind in ("user", "company", "session") and ident in path.lower() for kind, ident in world.own)


def _check_success(world: World, method: str, path: str, content: bytes) -> None:
    """A success whose path names an object of the other company is one of a list, which has nothing of it."""
    named = path.partition("?")[0]
    assert not any(ident in named for _, ident in world.foreign), (method, path, content)


def _lasting(page: Any) -> Any:
    """A page without the signatures of its addresses, which change with time."""
    if isinstance(page, dict):
        return {name: _lasting(value) for name, value in page.items()}
    if isinstance(page, list):
        return [_lasting(value) for value in page]
    return page.partition("?token=")[0] if isinstance(page, str) else page
