"""Lists of the Oz API with a store: paging, sorting and every filter, with their errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.platform.support import NOBODY, Caller, Site, error

PAGED = ("/api/folders/", "/api/users/", "/api/companies/", "/api/event_sessions/", "/api/sessions/")


@pytest.fixture(scope="module")
def boss(site: Site) -> Caller:
    return site.user("CLIENT_ADMIN", site.company())


@pytest.fixture(scope="module")
def folders(boss: Caller, photo: bytes, video: bytes) -> list[dict[str, Any]]:
    """Six folders, the oldest first: two plain ones, two analysed ones, a decided one, a cleared one."""
    made = [boss.post("/api/folders/", {"meta_data": {"n": number, "deep": {"list": [number]}}}) for number in range(2)]
    quality = {"analyses": [{"type": "quality"}], "folder:meta_data": {"n": 2, "text": "null"}}
    made.append(boss.upload({"p": ("Selfie_Ünal.jpg", photo)}, quality))
    biometry = {"analyses": [{"type": "biometry"}], "folder:meta_data": {"n": "3", "none": None}}
    made.append(boss.upload({"p": photo, "v": video}, biometry))
    made += [boss.post("/api/folders/", {}) for _ in range(2)]
    boss.patch(f"/api/folders/{made[4]['folder_id']}/", {"operator_status": "SUCCESS"})
    boss.delete(f"/api/folders/{made[5]['folder_id']}/pi/")
    return [boss.get(f"/api/folders/{one['folder_id']}/") for one in made]


@pytest.mark.parametrize("path", PAGED)
def test_paging(boss: Caller, folders: list[dict[str, Any]], path: str) -> None:
    everything = boss.get(path)
    assert list(everything) == ["offset", "limit", "total_count", "items"]
    assert (everything["offset"], everything["limit"]) == (0, 100)
    assert everything["total_count"] == len(everything["items"])
    first, rest = boss.get(f"{path}?limit=1"), boss.get(f"{path}?offset=1&limit=-1")
    assert first["items"] + rest["items"] == everything["items"]
    assert (rest["offset"], rest["total_count"]) == (1, everything["total_count"])
    assert rest["limit"] in (-1, 5000)  # at most so many folders at a time
    none = boss.get(f"{path}?limit=0&total_omit=Yes")
    assert (none["items"], none["total_count"]) == ([], None)
    assert boss.get(f"{path}?offset=1000000000&limit=5000")["items"] == []
    for name, value in (("offset", "-1"), ("offset", "x"), ("limit", "-2"), ("limit", "5001"), ("limit", "9" * 30)):
        response = boss.call("GET", f"{path}?{name}={value}")
        assert error(response) == (400, 4, name)
        assert response.json()["error_message"] == f"Invalid {name} value for pagination"
    assert error(boss.call("GET", f"{path}?total_omit=perhaps")) == (400, 4, "total_omit")


def found(boss: Caller, folders: list[dict[str, Any]], query: str) -> list[int]:
    """The places of the folders that a list has, in its order."""
    places = {one["folder_id"]: number for number, one in enumerate(folders)}
    page = boss.get(f"/api/folders/?{query}")
    assert page["total_count"] == len(page["items"])
    return [places[one["folder_id"]] for one in page["items"]]


def test_sorting(boss: Caller, folders: list[dict[str, Any]]) -> None:
    for query, expected in {
        "": [5, 4, 3, 2, 1, 0],
        "sorting=time_created": [5, 4, 3, 2, 1, 0],
        "sorting=time_created{asc}": [0, 1, 2, 3, 4, 5],
        "sorting=time_created{desc},time_updated": [5, 4, 3, 2, 1, 0],
        "sorting=": [5, 4, 3, 2, 1, 0],
    }.items():
        assert found(boss, folders, query) == expected
    for wrong in ("colour", "time_created{up}", "time_created asc", "folder_id;drop", "meta_data"):
        assert error(boss.call("GET", f"/api/folders/?sorting={quote(wrong)}")) == (400, 4, "sorting")
    names = [user["last_name"] for user in boss.get("/api/users/?sorting=last_name{asc},email")["items"]]
    assert names == sorted(names)


def text_of(moment: float) -> str:
    return quote(datetime.fromtimestamp(moment, UTC).isoformat())


def test_filters(boss: Caller, folders: list[dict[str, Any]]) -> None:
    ids = [one["folder_id"] for one in folders]
    middle = (folders[2]["time_created"] + folders[3]["time_created"]) / 2
    cases: Mapping[str, list[int]] = {
        f"folder_id={ids[1]},{ids[4]}": [4, 1],
        f"folder_id={ids[1]}&folder_id={ids[4]}": [4, 1],
        f"folder_id.exclude={ids[0]}": [5, 4, 3, 2, 1],
        f"user_id={boss.user_id}&limit=6": [5, 4, 3, 2, 1, 0],
        f"user_id={NOBODY}": [],
        f"company_id={boss.company_id}&folder_id={ids[0]}": [0],
        "resolution_status=INITIAL": [5, 4, 1, 0],
        "resolution_status=finished": [3, 2],
        "resolution_status.exclude=INITIAL": [3, 2],
        f"resolution_status={folders[2]['system_resolution']}": [
            number for number in (3, 2) if folders[number]["system_resolution"] == folders[2]["system_resolution"]
        ],
        "system_resolution=INITIAL,FAILED": [5, 4, 1, 0],
        "operator_status=SUCCESS": [4],
        "operator_status=null": [5, 3, 2, 1, 0],
        "is_cleared=T": [5],
        "is_cleared=off": [4, 3, 2, 1, 0],
        f"time_created.min={middle}": [5, 4, 3],
        f"time_created.max={middle}": [2, 1, 0],
        f"time_created.min={int(middle * 1e6)}": [5, 4, 3],
        f"time_created.max={text_of(middle)}": [2, 1, 0],
        "time_created.min=today": [5, 4, 3, 2, 1, 0],
        f"time_created.min={int(time.time() + 100) * 1000}": [],
        f"time_updated.min={folders[5]['time_updated']}": [5],
        "meta_data=n==2": [2],
        "meta_data=n==3": [3],
        "meta_data=n>=1,n<2": [1],
        "meta_data=n>0": [3, 2, 1],
        "meta_data=n!=2": [5, 4, 3, 1, 0],
        "meta_data=n==null": [5, 4],
        "meta_data=none==null&meta_data=n!=null": [3, 2, 1, 0],
        "meta_data=deep.list.0==1": [1],
        "meta_data=deep.list.7==1": [],
        "analyse.type=quality": [2],
        "analysis.type=BIOMETRY,quality": [3, 2],
        "analyse.state=FINISHED": [3, 2],
        "analyse.state=FAILED": [],
        f"analyse.type=biometry&analyse.time_created.min={middle}": [3],
        f"analyse.type=quality&analyse.time_created.min={middle}": [],
        "analyse.resolution_status=FAILED": [],
        "search_text=selfie_": [2],
        f"search_text={quote('ÜNAL')}": [2],
        f"search_text={ids[3][:8]}": [3],
        "search_text=%25": [],
        "with_results_media_filter=true&results_data=min_confidence>=0.0": [3],
        "with_results_media_filter=true&results_data=min_confidence>1": [],
        "results_data=min_confidence>1": [5, 4, 3, 2, 1, 0],
        "with_results_media_filter=1&results_media_results_data=confidence_spoofing<=1": [2],
        "odd=1&skip=5&order=x": [5, 4, 3, 2, 1, 0],
    }
    for query, expected in cases.items():
        assert found(boss, folders, query) == expected, query


WRONG = {
    "folder_id=x": (4, "folder_id"),
    "resolution_status=MAYBE": (4, "resolution_status"),
    "operator_status=5": (4, "operator_status"),
    "analyse.type=odd": (4, "analyse.type"),
    "analysis.state=odd": (4, "analysis.state"),
    "is_cleared=2": (4, "is_cleared"),
    "with_analyses=maybe": (4, "with_analyses"),
    "time_created.min=soon": (4, "time_created.min"),
    "time_created.min=1,2": (4, "time_created.min"),
    "time_created.max=1&time_created.max=2": (4, "time_created.max"),
    "meta_data=a": (3, "meta_data"),
    "meta_data=a>x": (5, "meta_data"),
    "meta_data=..==1": (3, "meta_data"),
    "with_results_media_filter=1&results_data=x": (3, "results_data"),
}


@pytest.mark.parametrize("query", WRONG)
def test_wrong_filters(boss: Caller, query: str) -> None:
    code, name = WRONG[query]
    assert error(boss.call("GET", f"/api/folders/?{query}")) == (400, code, name)


HOSTILE = (
    "%00",
    "%ff",
    "%ED%A0%80",
    "%F4%8F%BF%BF",
    "'",
    "%27%20OR%201=1--",
    "%5C",
    "%25",
    "_",
    "9" * 400,
    "-0",
    "1e999",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values(site: Site, boss: Caller, folders: list[dict[str, Any]], value: str) -> None:
    """Any text in any parameter is looked for, and found nowhere, or refused."""
    filters = ("meta_data=a==", "meta_data=n>", "meta_data={}==1&a=", "search_text=", "user_id=", "sorting=", "offset=")
    more = ("time_created.min=", "operator_status=", "analyse.type=", "results_data=a==", "with_user=", "key=")
    for path in ("/api/folders/", "/api/users/", "/api/companies/", "/api/audit/", "/api/webhooks/", "/api/sessions/"):
        for name in (*filters, *more, "email=", "name=", "action=", "object_id=", f"{value}="):
            for caller in (boss, site.admin):
                query = name.replace("{}", value) + value
                response = caller.call("GET", f"{path}?with_results_media_filter=1&limit=3&{query}")
                assert response.status_code in (200, 400), (path, query, response.text)


def test_lists_of_users_and_companies(site: Site, boss: Caller) -> None:
    client = site.user("CLIENT", boss.company_id)
    boss.patch(f"/api/users/{client.user_id}", {"is_active": False, "first_name": "Zoë"})
    email = client.user["email"]
    for query in ("user_type=CLIENT", "is_active=0", f"email={email.upper()}", f"search_text={quote('ZOË')}"):
        assert [user["user_id"] for user in boss.get(f"/api/users/?{query}")["items"]] == [client.user_id], query
    assert boss.get(f"/api/users/?company_id={site.admin.company_id}")["items"] == []
    assert boss.get("/api/users/?search_text=@example.org")["total_count"] == 2
    name = boss.get(f"/api/companies/{boss.company_id}")["name"]
    assert [one["name"] for one in site.admin.get(f"/api/companies/?search_text={quote(name.upper())}")["items"]][:1]
    assert [one["name"] for one in boss.get("/api/companies/")["items"]] == [name]
