"""The Liveness view in a real browser, with a real server and the browser's simulated camera."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests import support_faces as faces
from tests import support_liveness as media
from tests.browser.conftest import Visit
from tests.browser.support import TIMEOUT, Console, picture
from tests.support_media import encode_video, face_frames, jpeg, make_zip
from tests.support_server import Server


@pytest.fixture
def liveness(opened: Console) -> Console:
    opened.open("liveness")
    return opened


def test_a_video_is_played_and_its_frames_are_plotted(liveness: Console, tmp_path: Path) -> None:
    clip = encode_video(face_frames(12, 320, 240), "libvpx", "webm", fps=6)
    liveness.give("Photo or video", picture(clip, "me.webm", "video/webm"))
    result, page = liveness.section("Result"), liveness.page
    result.filter(has_text="12 of 12 frames show a face").wait_for(timeout=TIMEOUT)
    score = float(result.locator(".number").inner_text())
    verdict = "Passed" if score <= 0.5 else "Declined"
    expect(result.get_by_text(verdict, exact=True)).to_be_visible()
    expect(result.locator(".plot .point")).to_have_count(12)
    expect(result.get_by_text("threshold 0.5", exact=True)).to_be_visible()
    frames = result.get_by_role("group", name="Analyzed frames").get_by_role("button")
    expect(frames).to_have_count(12)

    frames.nth(6).click()
    expect(frames.nth(6)).to_have_attribute("aria-pressed", "true")
    expect(result.locator(".readout")).to_contain_text("At 1.00 s: PAD score")
    video = liveness.section("Photo or video").locator("video")
    assert video.evaluate("video => video.currentTime") == pytest.approx(1.0, abs=0.01)
    expect(liveness.section("Photo or video").locator(".outlines .over")).to_be_visible()
    result.locator(".plot .spot").nth(3).click()
    assert video.evaluate("video => video.currentTime") == pytest.approx(0.5, abs=0.01)

    expect(liveness.section("Photo or video").locator(".outlines")).to_have_count(1)
    video.evaluate("video => (video.currentTime = 1.2)")
    expect(liveness.section("Photo or video").locator(".outlines")).to_have_count(0)
    expect(result.locator("[aria-pressed=true], .picked")).to_have_count(0)
    expect(result.locator(".readout")).to_have_text("")

    before = result.locator(".cursor").get_attribute("transform")
    video.evaluate("video => video.play()")
    expect(result.locator(".cursor")).not_to_have_attribute("transform", before or "")

    with page.expect_download() as saved:
        expect(liveness.section("Best shot")).to_contain_text(re.compile(r"pixels, quality 0\.\d\d, .*eyes open \d+ %"))
        liveness.section("Best shot").get_by_role("button", name="Save best shot").click()
    assert saved.value.suggested_filename == "me-best-shot.jpg"
    saved.value.save_as(tmp_path / "shot.jpg")
    with Image.open(tmp_path / "shot.jpg") as shot:
        assert (shot.format, shot.size) == ("JPEG", (320, 240))
    statuses = liveness.section("Statuses")
    expect(statuses).to_contain_text("All analyses of the request are complete.")
    page.get_by_text("The folder document").click()
    document = json.loads(page.locator(".folder-document pre").inner_text())
    assert document["media"][0]["media_type"] == "VIDEO_FOLDER"


def test_an_archive_is_shown_frame_by_frame(liveness: Console) -> None:
    photos = [jpeg(media.blank()) if n == 1 else jpeg(media.selfie(shift=4 * n)) for n in range(3)]
    archive = make_zip([(f"{n}.jpg", data) for n, data in enumerate(photos)])
    liveness.give("Photo or video", picture(archive, "frames.zip", "application/zip"))
    result, viewer = liveness.section("Result"), liveness.section("Photo or video")
    result.filter(has_text="2 of 3 frames show a face").wait_for(timeout=TIMEOUT)
    expect(viewer.get_by_role("img", name="0.jpg, the face outlined")).to_be_visible()
    result.get_by_role("button", name="1.jpg: no face was found, the frame does not count.").click()
    expect(viewer.get_by_role("img", name="1.jpg, no face found")).to_be_visible()
    expect(viewer).to_contain_text("archive of photos · 300 × 400 pixels")


def test_rotated_frames_have_no_outline_in_the_video(liveness: Console) -> None:
    def rotate_third(route: Route) -> None:
        report = route.fetch().json()
        frames = [{**frame, "rotated": frame["index"] == 2} for frame in report["frames"]]
        route.fulfill(json={**report, "frames": frames})

    liveness.page.route("**/console/liveness", rotate_third)
    clip = encode_video(face_frames(3, 320, 240), "libvpx", "webm", fps=6)
    liveness.drop(liveness.page.locator("body"), picture(clip, "me.webm", "video/webm"))
    frames = liveness.section("Result").locator(".frame-strip button")
    frames.nth(1).click(timeout=TIMEOUT)
    outline = liveness.section("Photo or video").locator(".outlines")
    expect(outline).to_have_count(1)
    frames.nth(2).click()
    expect(outline).to_have_count(0)
    liveness.page.locator(".curl:visible summary").click()
    expect(liveness.page.locator(".curl:visible pre")).to_contain_text("'video1=@me.webm;type=video/webm'")


def test_the_page_reports_ignored_files(liveness: Console, astronaut: bytes) -> None:
    for target in (liveness.section("Photo or video"), liveness.page.get_by_role("heading", name="Check liveness")):
        liveness.drop(target, picture(astronaut, "one.jpg"), picture(astronaut, "two.jpg"))
        note = liveness.page.get_by_text("1 file was ignored: one file is checked at a time.")
        note.wait_for()
        liveness.page.get_by_role("button", name="Remove the file").click()
        expect(note).to_have_count(0)


def test_a_photo_has_the_score_of_detect_until_it_is_removed(
    liveness: Console, server: Server, astronaut: bytes
) -> None:
    detected = server.call("POST", "/v1/face/liveness/detect", astronaut, {"Content-Type": "image/jpeg"}).json()
    liveness.give("Photo or video", picture(astronaut))
    result = liveness.section("Result")
    result.locator(".number").filter(has_text=f"{detected['score']:.6f}").wait_for(timeout=TIMEOUT)
    expect(result.get_by_text("Passed" if detected["passed"] else "Declined", exact=True)).to_be_visible()
    expect(result).to_contain_text("less reliable than that of a video")
    expect(liveness.section("Photo or video").locator(".outlines .over")).to_be_visible()
    expect(liveness.section("Best shot")).to_have_count(0)
    liveness.page.get_by_role("button", name="Remove the file").click()
    expect(liveness.section("Statuses")).to_have_count(0)
    expect(result).to_contain_text("Add a photo, a video or an archive.")


def test_a_photo_without_a_face_is_explained(liveness: Console) -> None:
    liveness.give("Photo or video", picture(faces.jpeg(faces.no_face())))
    result, statuses = liveness.section("Result"), liveness.section("Statuses")
    result.get_by_role("heading", name="No face was found").wait_for(timeout=TIMEOUT)
    expect(result.get_by_role("alert")).to_contain_text("202 · Could not locate face on source media")
    expect(statuses).to_contain_text("The analysis could not be completed; the error says why.")


def test_a_file_that_is_not_media_is_explained(visit: Visit) -> None:
    with visit(failures=["400"]) as console:
        console.open("liveness")
        console.give("Photo or video", picture(b"nothing", "notes.txt", "text/plain"))
        notice = console.section("Photo or video").get_by_role("alert")
        notice.filter(has_text="This file could not be read").wait_for(timeout=TIMEOUT)
        expect(notice).to_contain_text("nor an archive of photos")
        expect(notice).to_contain_text("LDE-002004")


def test_the_page_shows_the_frames_of_a_video_that_the_browser_cannot_play(liveness: Console) -> None:
    clip = encode_video(face_frames(3, 320, 240), "mpeg4", "avi", fps=6)
    liveness.give("Photo or video", picture(clip, "me.avi", "video/x-msvideo"))
    viewer = liveness.section("Photo or video")
    viewer.filter(has_text="This browser cannot play the video. The page shows its frames.").wait_for(timeout=TIMEOUT)
    expect(viewer.get_by_role("img", name="Frame 1, the face outlined")).to_be_visible()
    expect(viewer.locator("video")).to_have_count(0)


def test_the_camera_takes_a_photo(liveness: Console) -> None:
    liveness.page.get_by_role("button", name="Use camera").click()
    dialog = liveness.page.get_by_role("dialog", name="Camera")
    shutter = dialog.get_by_role("button", name="Take photo")
    expect(shutter).to_be_enabled(timeout=TIMEOUT)
    expect(shutter).to_be_focused()
    shutter.click()
    expect(dialog).to_have_count(0)
    liveness.section("Photo or video").filter(has_text="camera.jpg").wait_for(timeout=TIMEOUT)
    liveness.section("Result").locator(".number").wait_for(timeout=TIMEOUT)


def test_the_camera_records_a_video(visit: Visit) -> None:
    with visit(fresh=True) as console:
        clock = console.page.clock
        clock.install(time=0)
        console.open("liveness")
        console.page.get_by_role("button", name="Use camera").click()
        dialog = console.page.get_by_role("dialog", name="Camera")
        dialog.get_by_label("Length of the recording").select_option("5 seconds")
        expect(dialog.get_by_role("button", name="Record")).to_be_enabled(timeout=TIMEOUT)
        clock.pause_at(3600)  # from now on only the test advances the page's time
        dialog.get_by_role("button", name="Record").click(timeout=TIMEOUT)
        expect(dialog).to_contain_text("Recording: 5 s left.")
        for left in (4, 3, 2, 1):
            console.page.wait_for_timeout(100)  # real time, in which the camera delivers frames
            clock.run_for(1000)
            expect(dialog).to_contain_text(f"Recording: {left} s left.")
        clock.run_for(1000)
        console.section("Photo or video").filter(has_text="recording.webm").wait_for(timeout=TIMEOUT)
        result = console.section("Result")
        result.get_by_text("frames show a face").wait_for(timeout=TIMEOUT)
        assert result.locator(".plot .point").count() > 1


def test_a_missing_camera_is_explained(visit: Visit) -> None:
    with visit(fresh=True) as console:
        console.page.add_init_script("Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined })")
        console.open("liveness")
        console.page.get_by_role("button", name="Use camera").click()
        dialog = console.page.get_by_role("dialog", name="Camera")
        expect(dialog).to_contain_text("only over https, or on localhost")
        console.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
