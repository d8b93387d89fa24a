"""Every endpoint of the Oz API with a store: every field, its type and place, with and without a slash at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform import shapes
from tests.platform.shapes import check, page
from tests.platform.support import (
    EMAIL,
    PASSWORD,
    Caller,
    Site,
    credentials,
    new_user,
    with_and_without_slash,
)

QUALITY, BIOMETRY = {"type": "quality"}, {"type": "BIOMETRY"}


@pytest.fixture(scope="module")
def boss(site: Site) -> Caller:
    """A CLIENT_ADMIN."""
    return site.user("CLIENT_ADMIN", site.company())


@pytest.fixture(scope="module")
def folder(boss: Caller, video: bytes, photo: bytes, shots: bytes) -> dict[str, Any]:
    """A folder of every kind of media, whose analyses have ended."""
    payload = {
        "folder:meta_data": {"transaction": "t1", "depth": {"list": [1, None, "é"]}},
        "media:meta_data": {"video1": {"v": 1}},
        "media:tags": {"video1": ["video_selfie", "video_selfie_blank"], "photo1": ["photo_selfie"]},
    }
    files = {"video1": video, "photo1": ("my photo.jpg", photo), "shots1": shots}
    made = boss.upload(files, payload)
    boss.analyse(made["folder_id"], QUALITY, {**BIOMETRY, "meta_data": {"b": 2}})
    return boss.finished(made["folder_id"])


@pytest.fixture
def doomed(boss: Caller, photo: bytes) -> dict[str, Any]:
    """A folder to change or delete, with a photo."""
    return dict(boss.upload({"photo1": photo}))


def both(boss: Caller, path: str) -> Iterator[Any]:
    for spelling in with_and_without_slash(path):
        yield boss.get(spelling)


def test_sign_in_refresh_and_out(site: Site) -> None:
    anyone = site.anyone
    for path in with_and_without_slash("/api/authorize/auth"):
        check(signed := anyone.post(path, credentials(EMAIL), 200), shapes.SIGNED_IN)
    caller = site.caller(signed["access_token"])
    for path in with_and_without_slash("/api/authorize/refresh"):
        check(signed := caller.post(path, {"expire_token": signed["expire_token"]}, 200), shapes.SIGNED_IN)
        caller = site.caller(signed["access_token"])
    check(caller.get("/api/sessions/?limit=1"), page(shapes.anything))
    caller.delete("/api/authorize/")
    assert caller.call("GET", "/api/config/").status_code == 401


def test_service_tokens(site: Site, boss: Caller) -> None:
    service = site.user("CLIENT_SERVICE", boss.company_id)
    for caller, path in (
        (boss, f"/api/authorize/service_token/{service.user_id}"),
        (service, "/api/authorize/service_token"),
    ):
        for spelling in with_and_without_slash(path):
            for method in ("GET", "POST"):
                response = caller.call(method, spelling)
                assert response.status_code == 200, response.text
                check(response.json(), shapes.SERVICE_TOKEN)
                assert site.caller(response.json()["access_token"]).get("/api/config/")


def test_users(site: Site, boss: Caller) -> None:
    for path in with_and_without_slash("/api/users"):
        check(user := boss.post(path, new_user("CLIENT", boss.company_id)), shapes.USER)
    one = f"/api/users/{user['user_id']}"
    for found in both(boss, one):
        assert found == user
    check(boss.get(f"{one}?with_company=true"), {**shapes.USER, "company": shapes.COMPANY})
    for found in both(boss, "/api/users?limit=3&sorting=email{asc}"):
        check(found, page(shapes.USER))
    for path in with_and_without_slash(one):
        check(boss.patch(path, {"first_name": "Eve", "profile": {"last_name": "May"}}), shapes.USER)
    for path in with_and_without_slash(f"{one}/change-password"):
        check(boss.post(path, {"new_password": PASSWORD + "2"}, 200), shapes.USER)
    assert site.sign_in(user["email"], PASSWORD + "2").user_id == user["user_id"]
    boss.delete(one)
    assert boss.call("GET", one).status_code == 404


def test_companies(site: Site, boss: Caller) -> None:
    for path, name in zip(with_and_without_slash("/api/companies"), ("one", "two"), strict=True):
        check(company := site.admin.post(path, {"name": name}), shapes.COMPANY)
    one = f"/api/companies/{company['company_id']}"
    for found in both(site.admin, one):
        assert found == company
    for path in with_and_without_slash(one):
        check(site.admin.patch(path, {"name": "three"}), shapes.COMPANY)
    for found in both(site.admin, "/api/companies?search_text=THREE"):
        check(found, page(shapes.COMPANY))
        assert [entry["name"] for entry in found["items"]] == ["three"]
    site.admin.delete(f"{one}/")
    check(boss.get("/api/companies/"), page(shapes.COMPANY))


def test_create_folders(boss: Caller, photo: bytes) -> None:
    for path in (*with_and_without_slash("/api/folders"), "/api/folders/?"):
        check(made := boss.upload({"photo1": photo}, path=path), shapes.FOLDER)
        check(boss.post(path, {"meta_data": {"a": 1}, "resolution_endpoint": "example.org/hook"}), shapes.FOLDER)
        check(boss.upload({"photo1": photo}, {"analyses": []}, path=path), shapes.FOLDER)
    assert made["resolution_status"] == made["system_resolution"] == "INITIAL"
    single = boss.upload({"p1": photo, "p2": photo}, {"analyses": [{**BIOMETRY, "source_media": ["p1", "p2"]}]})
    check(single, shapes.FULL_FOLDER)
    assert (single["resolution_status"], single["system_resolution"]) == ("FINISHED", "SUCCESS")


def test_read_folders(boss: Caller, folder: dict[str, Any]) -> None:
    one = f"/api/folders/{folder['folder_id']}"
    for found in both(boss, one):
        check(found, shapes.FULL_FOLDER)
        assert [item["media_type"] for item in found["media"]] == ["VIDEO_FOLDER", "IMAGE_FOLDER", "SHOTS_SET_FOLDER"]
        assert [entry["type"] for entry in found["analyses"]] == ["QUALITY", "BIOMETRY"]
        assert {entry["state"] for entry in found["analyses"]} == {"FINISHED"}
    assert found["meta_data"] == {"transaction": "t1", "depth": {"list": [1, None, "é"]}}
    assert found["time_updated"] >= found["time_created"]
    check(boss.get(f"{one}?with_analyses=f"), shapes.FOLDER)
    people = {"user": shapes.USER, "company": shapes.COMPANY}
    check(boss.get(f"{one}?with_user=YES&with_company=1"), {**shapes.FULL_FOLDER, **people})
    for found in both(boss, "/api/folders?limit=2"):
        check(found, page(shapes.FOLDER))
    check(
        boss.get("/api/folders/?with_analyses=true&with_user=t&with_company=on"), page({**shapes.FULL_FOLDER, **people})
    )


def test_change_and_delete_folders(site: Site, boss: Caller, doomed: dict[str, Any]) -> None:
    one = f"/api/folders/{doomed['folder_id']}"
    other = site.user("CLIENT", boss.company_id)
    values = {"operator_status": "DECLINED", "operator_comment": "ü", "resolution_endpoint": None}
    for path in with_and_without_slash(one):
        check(changed := boss.patch(path, {**values, "user_id": other.user_id}), shapes.FULL_FOLDER)
    assert changed["user_id"] == other.user_id
    assert changed["resolution_author_id"] == boss.user_id
    assert changed["resolution_time"] >= doomed["time_created"]
    assert changed["system_resolution"] == "INITIAL"
    again = boss.patch(one, {"operator_status": None})
    assert (again["operator_status"], again["resolution_author_id"], again["resolution_time"]) == (None, None, None)
    boss.delete(one)
    assert boss.call("GET", one).status_code == 404


def test_clear_folders(boss: Caller, photo: bytes) -> None:
    made = boss.upload({"p1": ("name.jpg", photo), "p2": photo}, {"folder:meta_data": {"a": 1}, "analyses": [QUALITY]})
    one, address = f"/api/folders/{made['folder_id']}", made["media"][0]["original_url"]
    for path in with_and_without_slash(f"{one}/pi"):
        boss.delete(path)
    found = boss.get(one)
    assert (found["is_cleared"], found["meta_data"]) == (True, {})
    assert found["resolution_status"] == made["resolution_status"]
    for item in found["media"]:
        assert (item["original_url"], item["thumb_url"], item["meta_data"]) == (None, None, {})
    scores = [result["results_data"] for result in found["analyses"][0]["results_media"]]
    assert scores == [result["results_data"] for result in made["analyses"][0]["results_media"]]
    assert boss.call("GET", address).status_code == 404


def test_media(boss: Caller, doomed: dict[str, Any], video: bytes, photo: bytes) -> None:
    path = f"/api/folders/{doomed['folder_id']}/media"
    for spelling in with_and_without_slash(path):
        tags = {"media:tags": {"v": ["video_selfie", "a_new_tag"]}, "media:meta_data": {"p": {"x": 1}, "absent": {}}}
        check(added := boss.upload({"v": video, "p": photo}, tags, spelling), [shapes.media])
        assert [item["original_name"] for item in added] == ["v", "p"]
    assert added[0]["tags"][:2] == ["video_selfie", "a_new_tag"]
    assert added[1]["meta_data"] == {"x": 1}
    for found in both(boss, path):
        check(found, [shapes.media])
        assert [item["media_id"] for item in found[-2:]] == [item["media_id"] for item in added]
    one = f"/api/media/{added[0]['media_id']}"
    for found in both(boss, one):
        shapes.media(found)
    for spelling in with_and_without_slash(one):
        assert boss.patch(spelling, {"tags": ["orientation_portrait"]})["tags"] == ["orientation_portrait"]
    shapes.media(boss.patch(one, {"tags": []}))
    boss.delete(one)
    boss.delete(f"{path}/{added[1]['media_id']}")
    assert len(boss.get(path)) == 3


def test_files(site: Site, boss: Caller, folder: dict[str, Any], video: bytes) -> None:
    """Addresses in answers are signed; without that a token is needed. Ranges are served."""
    item = folder["media"][0]
    anyone, bare = site.anyone, item["original_url"].partition("?")[0]
    for response in (anyone.call("GET", item["original_url"]), boss.call("GET", bare)):
        assert (response.status_code, response.content) == (200, video)
        assert response.headers["content-type"] == "video/mp4"
        assert response.headers["cache-control"].startswith("private")
        assert hashlib.md5(response.content).hexdigest() == item["info"]["video"]["md5"]
    part = anyone.call("GET", item["original_url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, video[10:20])
    shot = folder["analyses"][0]["results_media"][0]["output_images"][0]
    for address in (item["thumb_url"], shot["original_url"]):
        response = anyone.call("GET", address)
        assert (response.status_code, response.content[:2]) == (200, b"\xff\xd8")
    assert anyone.call("GET", bare).status_code == 401
    assert anyone.call("GET", item["original_url"][:-2] + "__").status_code == 401


def test_analyses(boss: Caller, folder: dict[str, Any], photo: bytes) -> None:
    made = boss.upload({"p1": photo, "p2": photo})
    path = f"/api/folders/{made['folder_id']}/analyses"
    for spelling in with_and_without_slash(path):
        check(begun := boss.post(spelling, {"analyses": [BIOMETRY, QUALITY]}), [shapes.analysis])
        assert {entry["state"] for entry in begun} <= {"PROCESSING", "FINISHED"}
        assert len({entry["group_id"] for entry in begun}) == 1
    boss.finished(made["folder_id"])
    for found in both(boss, path):
        check(found, [shapes.analysis])
        assert len(found) == 4
        assert [entry["time_created"] for entry in found] == sorted(entry["time_created"] for entry in found)
    one = f"/api/analyses/{begun[0]['analysis_id']}"
    for found in both(boss, one):
        shapes.analysis(found)
        assert found["state"] == "FINISHED"
    for spelling in with_and_without_slash(one):
        shapes.analysis(decided := boss.patch(spelling, {"resolution_operator": "DECLINED", "comment": "c"}))
        assert (decided["resolution"], decided["resolution_status"]) == ("DECLINED", found["resolution_status"])
    assert boss.patch(one, {"resolution_operator": None})["resolution"] == found["resolution_status"]
    boss.delete(one)
    assert boss.call("GET", one).status_code == 404
    types = [[entry["type"] for entry in boss.get(f"{path}?type={kind}")] for kind in ("quality", "BIOMETRY")]
    assert types == [["QUALITY", "QUALITY"], ["BIOMETRY"]]
    assert [entry["type"] for entry in boss.get(f"{path}?type.exclude=QUALITY")] == ["BIOMETRY"]
    assert boss.get(f"{path}/?state=PROCESSING") == []
    assert len(boss.get(f"{path}/?resolution_status=SUCCESS,DECLINED")) == 3


def test_failed_analyses(boss: Caller, photo: bytes) -> None:
    single = boss.upload({"p1": photo}, {"analyses": [BIOMETRY], "media:tags": {"p1": ["photo_id_back"]}})
    check(single, shapes.FULL_FOLDER)
    assert (single["resolution_status"], single["system_resolution"]) == ("FAILED", "FAILED")
    failed = boss.analyse(single["folder_id"], QUALITY)[0]
    boss.finished(single["folder_id"])
    messages = [
        (entry["error_code"], entry["error_message"]) for entry in boss.finished(single["folder_id"])["analyses"]
    ]
    assert messages == [
        (202, "Biometry. Analysis requires at least 2 media objects to process"),
        (5, "Invalid/missed tag values to process quality check"),
    ]
    assert failed["type"] == "QUALITY"


@pytest.mark.parametrize("kind", ["folders", "media", "analyses", "users"])
def test_metadata(boss: Caller, folder: dict[str, Any], kind: str) -> None:
    ids = {
        "folders": folder["folder_id"],
        "media": folder["media"][0]["media_id"],
        "analyses": folder["analyses"][0]["analysis_id"],
        "users": boss.user_id,
    }
    path = f"/api/{kind}/{ids[kind]}/meta_data"
    before = boss.get(path)
    for spelling in with_and_without_slash(path):
        assert boss.post(spelling, {"a": 1, "b": {"c": [None]}}, 200) == {"a": 1, "b": {"c": [None]}}
        assert boss.patch(spelling, {"b": None, "d": 0.5}) == {"a": 1, "b": None, "d": 0.5}
        assert boss.get(spelling) == {"a": 1, "b": None, "d": 0.5}
        boss.delete(spelling + "?key=a,d")
        assert boss.get(f"/api/{kind}/{ids[kind]}/")["meta_data"] == {"b": None}
        boss.delete(spelling)
        assert boss.get(spelling) == {}
    boss.post(path, before, 200)


def test_the_rest(site: Site, boss: Caller) -> None:
    anyone = site.anyone
    for path in with_and_without_slash("/api/healthcheck"):
        assert anyone.get(path) == {"status": "ok"}
    for path in with_and_without_slash("/api/version"):
        assert anyone.get(path)["version"].startswith("6.0.0-facever")
    for found in both(boss, "/api/config"):
        assert found == {"timezone": "UTC"}
    for found in both(boss, "/api/event_sessions?session_id.exclude=a&time_created.min=now&sorting=time_created"):
        assert found == {"offset": 0, "limit": 100, "total_count": 0, "items": []}
