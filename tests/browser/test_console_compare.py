"""The Compare view in a real browser, against a real server."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests import support_faces as faces
from tests import support_liveness as media
from tests.browser.conftest import Visit
from tests.browser.support import PHONE, TIMEOUT, Console, fast_forward_until, picture
from tests.support_media import jpeg
from tests.support_server import Server


@pytest.fixture(scope="module")
def twin() -> bytes:
    """Another photo of the astronaut: mirrored, rotated and darker."""
    crop = faces.astronaut().crop((60, 0, 400, 340)).rotate(8).transpose(0)
    return faces.jpeg(crop.point(lambda value: value * 0.7))


def marker_position(page: Page) -> tuple[float, float]:
    """(x, y) of the pair's marker, as fractions of the plot's width and height."""
    plot, marker = page.locator(".plot svg").bounding_box(), page.locator(".plot .marker").bounding_box()
    assert plot is not None
    assert marker is not None
    x = (marker["x"] + marker["width"] / 2 - plot["x"]) / plot["width"]
    return x, (marker["y"] + marker["height"] / 2 - plot["y"]) / plot["height"]


def test_two_photos_of_one_person_are_approved(opened: Console, astronaut: bytes, twin: bytes) -> None:
    result = opened.compare(astronaut, twin)
    result.get_by_text("Approved", exact=True).wait_for(timeout=TIMEOUT)
    expect(result).to_contain_text("Considered the same person.")
    expect(result).to_contain_text("at or above the threshold, 0.85")
    expect(result).to_contain_text("Fewer than 1 stranger in 100,000")
    assert float(result.locator(".number").inner_text()) > 0.97
    x, y = marker_position(opened.page)
    assert x > 0.9
    assert y > 0.7
    opened.page.get_by_role("button", name="two people").click()
    result.get_by_text("Declined", exact=True).wait_for(timeout=TIMEOUT)


def test_different_people_are_declined_until_the_photos_are_cleared(
    opened: Console, astronaut: bytes, stranger: bytes
) -> None:
    result = opened.compare(astronaut, stranger)
    result.get_by_text("Declined", exact=True).wait_for(timeout=TIMEOUT)
    expect(result).to_contain_text("Considered different people.")
    expect(result.get_by_text(re.compile(r"1 stranger in \d"))).to_be_visible()
    assert float(result.locator(".number").inner_text()) < 0.2
    x, y = marker_position(opened.page)
    assert x < 0.45
    assert y < 0.45
    opened.page.get_by_role("button", name="Remove first photo").click()
    expect(result).to_contain_text("Add the other photo.")
    opened.page.get_by_role("button", name="Clear both").click()
    expect(result).to_contain_text("Add two photos.")
    expect(opened.page.locator(".plot .marker")).to_have_count(0)
    expect(opened.section("Second photo").get_by_role("button", name="Choose photo")).to_be_visible()


def test_the_outline_encloses_the_face(opened: Console, astronaut: bytes) -> None:
    opened.give("First photo", picture(astronaut))
    photo = opened.section("First photo")
    image = photo.get_by_role("img", name="photo.jpg, one face outlined")
    image.wait_for(timeout=TIMEOUT)
    frame, outline = image.bounding_box(), photo.locator(".outlines .over").bounding_box()
    assert frame is not None
    assert outline is not None
    scale = frame["width"] / 512
    # From hair line to chin, from ear to ear, measured by eye.
    assert 170 < (outline["x"] - frame["x"]) / scale < 200
    assert 55 < (outline["y"] - frame["y"]) / scale < 85
    assert 60 < outline["width"] / scale < 110
    assert 80 < outline["height"] / scale < 125
    landmark = photo.locator(".outlines .landmark").first
    expect(landmark).to_be_hidden()
    opened.page.get_by_label("Landmarks").check()
    expect(landmark).to_be_visible()
    expect(photo).to_contain_text("512 × 512 pixels")


def test_the_saved_template_is_that_of_extract(
    opened: Console, server: Server, astronaut: bytes, tmp_path: Path
) -> None:
    opened.give("First photo", picture(astronaut, "me.png"))
    with opened.page.expect_download(timeout=TIMEOUT) as saved:
        opened.section("First photo").get_by_role("button", name="Save template").click()
    assert saved.value.suggested_filename == "me.fvt"
    saved.value.save_as(tmp_path / "me.fvt")
    assert (tmp_path / "me.fvt").read_bytes() == server.template(astronaut)


def test_a_photo_without_a_usable_face_is_shown_with_the_reason(opened: Console) -> None:
    result = opened.compare(jpeg(media.pair()), faces.jpeg(faces.no_face()))
    first, second = opened.section("First photo"), opened.section("Second photo")
    first.get_by_role("heading", name="More than one person is in the picture").wait_for(timeout=TIMEOUT)
    expect(first.get_by_text("Another person")).to_be_visible()
    expect(first.locator(".outlines .second_person .over")).to_have_count(1)
    second.get_by_role("heading", name="No face was found").wait_for(timeout=TIMEOUT)
    expect(second.get_by_role("alert")).to_contain_text("one face from the front, well lit")
    expect(second.get_by_role("alert")).to_contain_text("BPE-003002 · The biometric sample is missing face")
    expect(result).to_contain_text("There is no score")
    second.get_by_role("button", name="Copy details").click()
    expect(second.get_by_role("button", name="Copied")).to_be_visible()
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert re.search("BPE-003002 .*\nRequest [0-9a-f]{32}", copied)


def test_one_of_several_people_is_chosen_in_the_picture(opened: Console, server: Server) -> None:
    opened.compare(jpeg(media.pair(0, 2)), faces.jpeg(faces.person(2)))
    first, result = opened.section("First photo"), opened.section("Result")
    first.get_by_role("heading", name="More than one person is in the picture").wait_for(timeout=TIMEOUT)
    buttons = first.get_by_role("button", name=re.compile("Use face . of 2 from the left"))
    expect(buttons).to_have_count(2)
    expect(first).to_contain_text("Click the face to use in the picture.")
    first.get_by_role("button", name="Use face 2 of 2 from the left").click()
    expect(result).to_contain_text("Approved", timeout=TIMEOUT)
    expect(opened.page.locator(".curl code").first).to_contain_text(re.compile(r"-F 'face_1=3\d\d"))
    other = first.get_by_role("button", name="Use face 1 of 2 from the left")
    other.focus()
    opened.page.keyboard.press("Enter")
    expect(result).to_contain_text("Declined", timeout=TIMEOUT)
    expect(first.get_by_role("button", name="Use face 2 of 2 from the left")).to_be_visible()


def test_a_file_that_is_not_a_photo_is_explained(visit: Visit) -> None:
    with visit(failures=["400"]) as console:
        console.open()
        console.give("First photo", picture(b"nothing", "notes.jpg"))
        photo = console.section("First photo")
        photo.get_by_role("alert").filter(has_text="This file could not be read as a photo").wait_for(timeout=TIMEOUT)
        expect(photo.get_by_role("alert")).to_contain_text(re.compile("BPE-002003 .*Request [0-9a-f]{32}"))


@pytest.mark.parametrize("limit", ["file_bytes", "request_bytes"])
def test_a_file_above_the_limit_is_not_sent(visit: Visit, astronaut: bytes, limit: str) -> None:
    def lower_limit(route: Route) -> None:
        about = route.fetch().json()
        about["limits"][limit] = 2048
        route.fulfill(json=about)

    sent: list[str] = []
    with visit() as console:
        console.page.route("**/console/about", lower_limit)
        console.open()
        console.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        console.give("First photo", picture(astronaut))
        notice = console.section("First photo").get_by_role("alert")
        expect(notice).to_contain_text("The file is too large")
        expect(notice).to_contain_text("A file may have at most 2 kB. Make it smaller.")
        console.open("liveness")
        console.give("Photo or video", picture(astronaut, "clip.mp4", "video/mp4"))
        expect(console.section("Photo or video").get_by_role("alert")).to_contain_text("or send a shorter recording.")
    assert not sent


def test_an_operator_band_and_an_uncalibrated_model_are_explained(visit: Visit) -> None:
    def change_about(route: Route) -> None:
        about = route.fetch().json()
        about["thresholds"]["operator"] = 0.4
        about["calibration"] |= {"points": [], "source": ""}
        route.fulfill(json=about)

    with visit() as console:
        console.page.route("**/console/about", change_about)
        comparison = {"score": 0.6, "decision": "operator_required"}
        console.page.route("**/compare", lambda route: route.fulfill(json=comparison))
        console.open()
        console.page.get_by_role("button", name="same person").click()
        result = console.section("Result")
        result.get_by_text("A person has to decide.").wait_for(timeout=TIMEOUT)
        expect(result).to_contain_text("The score is between 0.4 and 0.85.")
        expect(result).to_contain_text("was not measured for this model")
        expect(result).to_contain_text("scores are provisional")
        assert result.locator(".plot .strong").all_text_contents() == ["approve 0.85", "operator 0.4", "this pair"]
        expect(result.locator(".plot .curve")).to_have_count(0)


def test_a_slot_takes_a_dropped_photo_and_the_empty_slot_a_pasted_one(
    opened: Console, astronaut: bytes, twin: bytes
) -> None:
    first, second = opened.section("First photo"), opened.section("Second photo")
    opened.drop(second, picture(twin, "drop.jpg"))
    expect(second).to_contain_text("drop.jpg")
    expect(first.get_by_role("button", name="Choose photo")).to_be_visible()
    opened.drop(opened.page.locator("body"), picture(astronaut, "paste.jpg"), kind="paste")
    expect(first).to_contain_text("paste.jpg")
    opened.section("Result").get_by_text("Approved", exact=True).wait_for(timeout=TIMEOUT)


def test_photos_dropped_outside_the_slots_fill_empty_slots_first(
    opened: Console, astronaut: bytes, twin: bytes
) -> None:
    first, second = opened.section("First photo"), opened.section("Second photo")
    heading, body = opened.page.get_by_role("heading", name="Compare two photos"), opened.page.locator("body")
    for name, slot in (("one.jpg", first), ("two.jpg", second), ("three.jpg", second)):
        opened.drop(heading, picture(astronaut, name))
        expect(slot).to_contain_text(name, timeout=TIMEOUT)
    expect(first).to_contain_text("one.jpg")
    opened.drop(body, picture(astronaut, "four.jpg"), picture(twin, "five.jpg"))
    expect(first).to_contain_text("four.jpg", timeout=TIMEOUT)
    expect(second).to_contain_text("five.jpg", timeout=TIMEOUT)
    first.get_by_role("button", name="Remove first photo").click()
    opened.drop(second, picture(twin, "six.jpg"), picture(astronaut, "seven.jpg"))
    expect(second).to_contain_text("six.jpg", timeout=TIMEOUT)
    expect(first).to_contain_text("seven.jpg", timeout=TIMEOUT)


def test_the_page_reports_ignored_photos(opened: Console, astronaut: bytes) -> None:
    heading = opened.page.get_by_role("heading", name="Compare two photos")
    files = [picture(astronaut, f"{number}.jpg") for number in range(4)]
    note = opened.page.get_by_text("ignored:")
    for target in (opened.section("First photo"), heading):
        opened.drop(target, *files)
        expect(note).to_have_text("2 files were ignored: two photos are compared.")
        opened.page.get_by_role("button", name="Clear both").click()
        expect(note).to_have_count(0)


def test_a_photo_can_be_replaced(opened: Console, astronaut: bytes, twin: bytes) -> None:
    photo = opened.section("First photo")
    for data, name in ((faces.jpeg(faces.no_face()), "nobody.jpg"), (astronaut, "me.jpg"), (twin, "again.jpg")):
        opened.give("First photo", picture(data, name))
        expect(photo.locator(".facts")).to_contain_text(name, timeout=TIMEOUT)
        change = photo.get_by_role("button", name="Another photo: First photo")
        with opened.page.expect_file_chooser() as chooser:
            change.press("Enter")
        assert not chooser.value.is_multiple()


def test_the_curl_command_works_with_any_file_name(
    opened: Console, server: Server, astronaut: bytes, twin: bytes, tmp_path: Path
) -> None:
    opened.page.get_by_text("The same with curl").click()
    shown = opened.page.locator(".curl pre")
    expect(shown).to_contain_text("-F 'sample_1=@first.jpg;type=image/jpeg'")
    odd, png = 'it\'s $(one); "two", \\3.jpg', "curl {url}.png"
    with Image.open(BytesIO(twin)) as opened_twin:
        opened_twin.save(tmp_path / png)
    (tmp_path / odd).write_bytes(astronaut)
    opened.drop(opened.page.locator("body"), picture(astronaut, odd))
    opened.drop(opened.page.locator("body"), picture((tmp_path / png).read_bytes(), png, "image/png"))
    opened.section("Result").get_by_text("Approved", exact=True).wait_for(timeout=TIMEOUT)
    command = shown.inner_text()
    arguments = shlex.split(command)
    assert arguments[0] == "curl"
    assert arguments[-1] == f"{server.url}/v1/face/pattern/extract_and_compare"
    assert f'sample_2=@"{png}";type=image/png' in arguments
    if shutil.which("curl") is None:
        pytest.skip("no curl to run the command with")
    output = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True).stdout
    assert f"{json.loads(output)['score']:.6f}" == opened.page.locator(".number").inner_text()


def test_the_page_repeats_a_request_after_the_retry_after_of_a_busy_server(
    visit: Visit, astronaut: bytes, twin: bytes
) -> None:
    requests: list[str] = []

    def reject_first(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        requests.append(name)
        if requests.count(name) > {"face": 2, "compare": 1}[name]:
            route.continue_()
        else:
            body = {"code": "BPE-001003", "message": "Overloaded, try again"}
            route.fulfill(status=503, json=body, headers={"Retry-After": "30"})

    with visit(fresh=True, failures=["503"]) as console:
        clock = console.page.clock
        clock.install()
        console.open()
        console.page.route(re.compile(r"/(console/face|pattern/compare)$"), reject_first)
        result = console.compare(astronaut, twin)
        for name in ("First photo", "Second photo"):
            console.section(name).get_by_text("The server is busy; waiting").wait_for()
        clock.fast_forward(15_000)
        assert requests == ["face", "face"]
        fast_forward_until(console.page, 15_000, result.get_by_text("Approved", exact=True))
    assert requests == ["face"] * 4 + ["compare"] * 2


def test_a_photo_can_be_sent_again_when_the_server_is_back(visit: Visit, astronaut: bytes) -> None:
    with visit(failures=["net::ERR"]) as console:
        console.open()
        console.page.route("**/console/face", lambda route: route.abort())
        console.give("First photo", picture(astronaut))
        photo = console.section("First photo")
        expect(photo.get_by_role("alert")).to_contain_text("The server cannot be reached")
        console.page.unroute("**/console/face")
        photo.get_by_role("button", name="Try again").click()
        photo.get_by_role("button", name="Save template").wait_for(timeout=TIMEOUT)


def test_a_phone_uses_its_camera_application(visit: Visit) -> None:
    with visit(size=PHONE) as console:
        console.open()
        capture = console.section("First photo").locator("input[capture]")
        assert capture.get_attribute("capture") == "user"
        assert capture.get_attribute("accept") == "image/*"
