"""PDFs of reports: what they say, in both languages, and hostile texts."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from faceVer.domain.analyses import JpegImage
from faceVer.services.reports.content import AnalysisEntry, Content, Decision, MediaEntry, Picture, ScoreEntry
from faceVer.services.reports.pdf import render
from faceVer.services.reports.text import letters, shown
from faceVer.services.reports.words import WORDS
from tests.reports.pdf_text import text_of

HOSTILE = "Évil \u202eRTL \u2066שלום\u2069 العربية 😀😀\x00\x1b[2J\r\n\t{nb} Z̷̛̀́̂̃ \ud800 (\\)) " + "W" * 5000


def jpeg(width: int, height: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "JPEG")
    return target.getvalue()


def picture(width: int = 30, height: int = 40) -> Picture:
    return Picture("image/jpeg", width, height, jpeg(width, height))


MEDIA = MediaEntry("m1", "selfie.mp4", "video", ("video_selfie",), 1234, "0" * 32, 480, 640, 5.25, 1.8e9, {}, picture())
ANALYSIS = AnalysisEntry(
    *("a1", "QUALITY", "FINISHED", "SUCCESS", None, {"threshold_spoofing": 0.5}, ("m1",), 1.8e9, 1.8e9 + 3),
    scores=(ScoreEntry(("m1",), 0.0123456, picture()),),
    scores_omitted=12,
    decision=Decision("DECLINED", "Blurred"),
)
CONTENT = Content(
    report_id="r1",
    title="",
    language="en",
    footer="Confidential",
    time_created=1_800_000_000.0,
    created_by="u1",
    company_id="c1",
    company="Bank",
    folder_id="4a2e4d21-2235-4ea7-bbb3-d0cdbcd2ea3f",
    folder_created=1_790_000_000.5,
    folder_updated=1_790_000_001.5,
    resolution_status="FINISHED",
    system_resolution="SUCCESS",
    is_cleared=False,
    decision=Decision("SUCCESS", "Seen by hand", "u2", 1_790_000_002.0),
    meta_data={"iin": "123"},
    media=(MEDIA,),
    analyses=(ANALYSIS,),
    analyses_omitted=0,
)


def text(content: Content, *logos: JpegImage) -> str:
    return text_of(render(content, logos, compress=False))


def test_what_it_says() -> None:
    assert text(CONTENT, JpegImage(jpeg(200, 50), 200, 50)).splitlines() == [
        *("Report on a folder", "Made 2027-01-15 08:00:00 UTC by user u1"),
        *("Folder", "Folder", CONTENT.folder_id, "Company", "Bank"),
        *("Created", "2026-09-21 14:13:20 UTC", "Changed", "2026-09-21 14:13:21 UTC"),
        *("State", "FINISHED", "Result", "SUCCESS"),
        *("Operator's decision", "SUCCESS", "Comment", "Seen by hand", "Decided by", "u2"),
        *("Decided", "2026-09-21 14:13:22 UTC", "Metadata", '{"iin": "123"}'),
        *("Media", "Name", "selfie.mp4", "Type", "video, 480 × 640, 1234 bytes", "Duration", "5.25 s"),
        *("Tags", "video_selfie", "Created", "2027-01-15 08:00:00 UTC"),
        *("Analyses", "QUALITY a1", "Result", "SUCCESS", "State", "FINISHED"),
        *("Created", "2027-01-15 08:00:00 UTC", "Ended", "2027-01-15 08:00:03 UTC"),
        *("Thresholds", "threshold_spoofing 0.5", "Operator's decision", "DECLINED", "Comment", "Blurred"),
        *("Score", "0.012346 selfie.mp4", "not shown: 12", "Confidential", "Page 1 / ", "1"),
    ]


def test_pictures() -> None:
    document = render(CONTENT, [JpegImage(jpeg(200, 50), 200, 50), JpegImage(jpeg(900, 1), 900, 1)], compress=False)
    assert document.count(b"/Subtype /Image") == 2  # the two shots are one picture; the last logo is too wide
    assert b"/Title" in document
    assert "no picture" in text(replace(CONTENT, media=(replace(MEDIA, thumbnail=None),)))


def test_sections_that_are_off() -> None:
    from msgspec import UNSET

    bare = replace(CONTENT, decision=UNSET, meta_data=UNSET, media=UNSET, analyses=UNSET)
    lines = text(bare).splitlines()
    assert lines[-5:] == ["Result", "SUCCESS", "Confidential", "Page 1 / ", "1"]
    ids_only = text(replace(CONTENT, media=UNSET)).splitlines()
    assert "0.012346 m1" in ids_only


def test_russian() -> None:
    found = text(replace(CONTENT, language="ru", company="ООО «Ромашка»", footer="Для служебного пользования"))
    for line in ("Отчёт о папке", "ООО «Ромашка»", "Решение оператора", "Для служебного пользования", "Страница 1 / "):
        assert line in found.splitlines()


def test_languages_have_the_same_words_which_the_font_can_write() -> None:
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(WORDS["en"])}
    used = {letter for words in WORDS.values() for word in words.values() for letter in word}
    assert {ord(letter) for letter in used} <= letters()


def hostile(text: str) -> Content:
    media = replace(MEDIA, name=text, tags=(text, text), meta_data={text: text})
    decision = Decision("SUCCESS", text)
    return replace(
        CONTENT,
        title=text,
        footer=text,
        company=text,
        decision=decision,
        meta_data={text: [text]},
        media=(media,) * 3,
        analyses=(replace(ANALYSIS, decision=decision),) * 3,
    )


def test_hostile_texts() -> None:
    found = text(hostile(HOSTILE))
    assert "Évil RTL □ □ □" in found
    assert not any(letter in found for letter in "\u202e\u2066\x00\x1b\t")


@settings(max_examples=25)
@given(st.text(max_size=300))
def test_any_text(anything: str) -> None:
    assert render(hostile(anything)).startswith(b"%PDF-")
    line = shown(anything, 50)
    assert len(line) <= 50
    assert {ord(letter) for letter in line} <= letters()


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  two \n lines\t", "two lines"),
        ("e\u0301", "é"),
        ("a" * 101, "a" * 99 + "…"),
        ("😀😀x😀", "□x□"),
        ("Ж\u0300\u0301\u0302\u0303", "Ж\u0300\u0301"),
        ("\x00\u200b\ud800", ""),
        ("Ұлы Ә", "Ұлы Ә"),
    ],
)
def test_shown(given_text: str, expected: str) -> None:
    assert shown(given_text, 100) == expected


def test_many_pages() -> None:
    many: Any = (replace(ANALYSIS, scores=ANALYSIS.scores * 100),) * 20
    document = text(replace(CONTENT, analyses=many, analyses_omitted=5))
    assert document.count("0.012346") == 2000
    assert "not shown: 5" in document
