"""Requests of published clients of the Oz API, byte for byte where it matters, and what each reads of the answers."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from tests import support_media as media
from tests.platform.support import EMAIL, PASSWORD, Caller, Site, error

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def service(site: Site) -> Caller:
    return site.user("CLIENT_SERVICE", site.company())


def polled(service: Caller, analysis_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (found := service.get(f"/api/analyses/{analysis_id}"))["resolution"] == "PROCESSING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return dict(found)


def test_a_shell_script(site: Site) -> None:
    """It sends JSON labelled as a form, by `curl -d`, and cuts the token out of the text of the answer."""
    body = f'{{ "credentials": {{ "email": "{EMAIL}", "password": "{PASSWORD}" }}}}'.encode()
    answer = site.anyone.call("POST", "/api/authorize/auth", body, FORM)
    assert answer.status_code == 200
    token = answer.text.split('"access_token": "')[1].split('"')[0]
    assert site.caller(token).get("/api/config") == {"timezone": "UTC"}
    refused = site.anyone.call("POST", "/api/authorize/auth", body.replace(PASSWORD.encode(), b"no"), FORM)
    assert refused.text.split()[0] == '{"error_code":'


def test_a_react_native_app(service: Caller, photo: bytes, video: bytes) -> None:
    """It says tags of a media item that it does not send, adds media later, and polls each analysis."""
    payload = {
        "media:meta_data": {"media_key1": {"a": "b"}, "media_key2": {"additional_info": "c"}},
        "media:tags": {
            "media_key1": ["video_selfie", "video_selfie_blank", "orientation_portrait"],
            "media_key2": ["photo_selfie"],
        },
    }
    folder = service.upload({"media_key2": ("photo.jpg", photo)}, payload)
    assert [item["tags"][0] for item in folder["media"]] == ["photo_selfie"]
    path = f"/api/folders/{folder['folder_id']}"
    service.upload({"media_key1": ("video.mp4", video)}, payload, f"{path}/media/")
    body = {"analyses": [{"type": "biometry", "params": {"threshold_min": 0.75, "threshold_max": 0.85}}]}
    begun = service.post(f"{path}/analyses/", body)
    assert begun[0]["confs"] == {"threshold_min": 0.75, "threshold_max": 0.85}
    found = polled(service, begun[0]["analyse_id"])
    assert found["analyse_id"] == begun[0]["analyse_id"]
    assert found["resolution"] == "SUCCESS"


def test_a_node_back_end(service: Caller) -> None:
    """Its photo is a zip of one JPEG; the params stand beside the analyses."""
    archive = media.make_zip([("0.jpg", media.jpeg(media.face_image()))])
    folder = service.upload(
        {"photo1": ("photo1.zip", archive)}, {"media:tags": {"photo1": ["video_selfie_blank"]}}, "/api/folders"
    )
    media_id = folder["media"][0]["media_id"]
    body = {
        "analyses": [{"type": "QUALITY", "source_media": [media_id]}],
        "params": {"extract_best_shot": True, "threshold_spoofing": 0, "threshold_replay": 0.5},
    }
    begun = service.post(f"/api/folders/{folder['folder_id']}/analyses", body)
    assert begun[0]["confs"]["threshold_spoofing"] == 0
    assert [item["media_id"] for item in begun[0]["source_media"]] == [media_id]
    assert polled(service, begun[0]["analysis_id"])["resolution"] == "DECLINED"
    wrong = service.call("POST", f"/api/folders/{folder['folder_id']}/analyses", {"analyses": []})
    assert wrong.json()["error_message"]


def test_an_angular_app(service: Caller, photo: bytes) -> None:
    """It adds a photo without payload and without tags."""
    folder = service.post("/api/folders/", {})
    path = f"/api/folders/{folder['folder_id']}"
    added = [service.upload({"media": ("blob", photo)}, path=f"{path}/media/") for _ in range(2)]
    assert [item[0]["original_name"] for item in added] == ["blob", "blob"]
    assert added[0][0]["media_id"] != added[1][0]["media_id"]
    begun = service.post(f"{path}/analyses/", {"analyses": [{"type": "biometry"}]})
    found = polled(service, begun[0]["analyse_id"])
    assert found["resolution"] == "SUCCESS"
    assert found["results_data"]["max_confidence"] > 0.85


def test_a_node_proxy(site: Site, service: Caller) -> None:
    """It refreshes with the old token in the header, and looks for folders by metadata and milliseconds."""
    path, body = "/api/authorize/auth/", {"credentials": {"email": service.user["email"], "password": PASSWORD}}
    signed = site.anyone.post(path, body, 200)
    old = site.caller(signed["access_token"])
    new = old.post("/api/authorize/refresh", {"expire_token": signed["expire_token"]}, 200)
    assert new["expire_date"] > time.time()
    assert new["access_token"] != signed["access_token"]
    assert new["expire_token"] != signed["expire_token"]
    transaction = str(uuid.uuid4())
    started = int((time.time() - 1) * 1000)
    folder = service.post("/api/folders/", {"folder:meta_data": {"transaction_id": transaction}})
    query = f"meta_data=transaction_id=={transaction}&with_analyses=true&time_created.min={started}"
    found = site.caller(new["access_token"]).get(f"/api/folders/?{query}")
    assert [(one["folder_id"], one["analyses"]) for one in found["items"]] == [(folder["folder_id"], [])]
    assert error(old.call("GET", "/api/folders/"))[:2] == (401, 7)  # the new token was used


def test_an_ios_app(service: Caller, photo: bytes, video: bytes) -> None:
    """It posts to an address that ends with a lone question mark, and labels JSON as a form."""
    payload = {
        "media:tags": {
            "video_0": ["video_selfie", "video_selfie_zoom_in", "orientation_portrait"],
            "photo_document_front": ["photo_id", "photo_id_front"],
        },
        "folder:meta_data": {"phone_info": {"model": "iPhone"}},
    }
    folder = service.upload({"video_0": ("video.mov", video), "photo_document_front": photo}, payload, "/api/folders/?")
    assert folder["meta_data"] == {"phone_info": {"model": "iPhone"}}
    assert folder["media"][0]["tags"] == payload["media:tags"]["video_0"]
    path = f"/api/folders/{folder['folder_id']}"
    entry = {"type": "quality", "params": {"source_media": [folder["media"][0]["media_id"]]}}
    answer = service.call("POST", f"{path}/analyses", {"analyses": [{"type": "biometry"}, entry]}, FORM)
    assert answer.status_code == 201
    last = answer.json()[-1]
    assert len(last["source_media"]) == 1
    assert last["resolution"] in ("PROCESSING", "SUCCESS", "DECLINED")
    service.finished(folder["folder_id"])
    found = service.get(f"{path}?with_analyses=true")
    assert found["resolution_status"] == "FINISHED"
    assert {(one["type"], one["resolution_status"]) for one in found["analyses"]} <= {
        (kind, status) for kind in ("BIOMETRY", "QUALITY") for status in ("SUCCESS", "DECLINED")
    }
    assert error(service.call("GET", "/api/collections")) == (501, 2, None)  # collections are not realized


def test_a_php_client(service: Caller, photo: bytes) -> None:
    """It creates a folder by an empty body that is labelled as a form."""
    answer = service.call("POST", "/api/folders/", b"", FORM)
    assert (answer.status_code, answer.json()["media"], answer.json()["meta_data"]) == (201, [], {})
    item = service.upload({"photo": photo}, path=f"/api/folders/{answer.json()['folder_id']}/media/")[0]
    assert "/static/" in item["original_url"]
    assert service.http.get(item["original_url"]).content == photo


def test_instant_from_a_collection_of_requests(site: Site, service: Caller, photo: bytes, video: bytes) -> None:
    """The stateless endpoint takes the token of a session; without one it refuses."""
    archive = media.make_zip([("0.jpg", media.jpeg(media.face_image()))])
    files = {"media_key1": ("v.mp4", video), "media_key2": ("p.jpg", photo), "media_key3": ("s.zip", archive)}
    payload = {
        "media:tags": {"media_key1": ["video_selfie"], "media_key2": ["photo_selfie"]},
        "analyses": [{"type": "quality"}],
    }
    for path in ("/api/instant/folders/", "/api/instant/folders"):
        folder = service.form(path, files, payload).json()
        kinds = [item["media_type"] for item in folder["media"]]
        assert kinds == ["VIDEO_FOLDER", "IMAGE_FOLDER", "SHOTS_SET_FOLDER"]
        assert folder["resolution_status"] == "FINISHED"
    response = site.anyone.form("/api/instant/folders/", files, payload)
    assert (response.status_code, json.loads(response.content)["error_code"]) == (401, 6)
    before = service.get("/api/folders/?limit=0")["total_count"]
    assert service.form("/api/instant/folders/", files, payload).status_code == 200
    assert service.get("/api/folders/?limit=0")["total_count"] == before
