"""Gestures that tags name, checked in folders where the request or the server says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.support_folders import folder, photo, post_folder, quality, states, video
from tests.support_server import Server

LEFT, BLANK = {"media:tags": {"m": ["video_selfie_left"]}}, {"media:tags": {"m": ["video_selfie_blank"]}}
CHECKED = {"analyses": [quality(check_gesture=True)]}


def result(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["analyses"][0]["results_media"][0]["results_data"]
    return found


def test_without_the_parameter_no_gesture_is_checked(server: Server) -> None:
    document = folder(server, {"m": video()}, LEFT)
    assert list(result(document)) == ["confidence_spoofing"]
    assert "check_gesture" not in document["analyses"][0]["confs"]
    assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")


def test_a_gesture_that_is_not_made_declines_the_analysis(server: Server) -> None:
    document = folder(server, {"m": video()}, LEFT | CHECKED)
    assert document["analyses"][0]["confs"]["check_gesture"] is True
    assert result(document)["gestures"] == [
        {"tag": "video_selfie_left", "passed": False, "reason": "not_seen", "time": None}
    ]
    assert result(document)["confidence_spoofing"] < 0.5
    assert states(document) == ("FINISHED", "DECLINED", "FINISHED", "DECLINED")


def test_a_tag_that_demands_nothing_passes_and_a_photo_makes_no_gesture(server: Server) -> None:
    document = folder(server, {"m": video()}, BLANK | CHECKED)
    assert result(document)["gestures"] == [{"tag": "video_selfie_blank", "passed": True, "reason": None, "time": None}]
    assert states(document)[1] == "SUCCESS"
    of_photo = result(folder(server, {"m": photo()}, LEFT | CHECKED))["gestures"]
    assert [one["reason"] for one in of_photo] == ["no_video"]
    assert "gestures" not in result(folder(server, {"m": video()}, CHECKED)), "no tag names a gesture"


@pytest.mark.parametrize("value", ["true", 1, [], {}])
def test_the_parameter_is_true_or_false(server: Server, value: Any) -> None:
    response = post_folder(server, {"m": video()}, {"analyses": [quality(check_gesture=value)]})
    assert (response.status, response.code) == (400, "LDE-003004")


def test_the_setting_is_the_default_of_the_parameter() -> None:
    with Server(check_gesture="true", threads="1") as strict:
        assert states(folder(strict, {"m": video()}, LEFT))[1] == "DECLINED"
        lax = folder(strict, {"m": video()}, LEFT | {"analyses": [quality(check_gesture=False)]})
        assert (states(lax)[1], list(result(lax))) == ("SUCCESS", ["confidence_spoofing"])
