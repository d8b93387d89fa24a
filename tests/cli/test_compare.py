"""`facever compare` and `facever verify`, and the picture of a comparison."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from faceVer.cli import drawing
from faceVer.cli.fonts import fit
from faceVer.cli.operating_points import percent, rate_at
from faceVer.inference.specs import OperatingPoint
from faceVer.media.image import decode
from faceVer.services.faces import FaceEngine
from tests.cli.conftest import Run
from tests.support_server import Server


def test_photos_and_templates_mixed(facever: Run, files: Path, template: Path) -> None:
    for left, right in ((template, files / "selfie.png"), (files / "photo.jpg", template), (template, template)):
        done = facever("compare", left, right)
        assert (done.status, done.out) == (0, f"1.000000  approved  {left}  {right}\n")
    row = facever("compare", template, files / "other.jpg", "--json").row
    assert (row["decision"], row["score"] < 0.01) == ("declined", True)


def test_the_chosen_faces(facever: Run, files: Path, tmp_path: Path) -> None:
    crowd, picture = files / "crowd.jpg", tmp_path / "shown.png"
    done = facever("compare", crowd, crowd, "--face", "2", "--other-face", "135,76,51,57", "--show", picture)
    assert (done.status, done.out.split()[0]) == (0, "1.000000")
    with Image.open(picture) as shown:
        assert shown.width > 500
    assert facever("compare", crowd, crowd, "--face", "2", "--other-face", "3").status == 3
    assert "BPE-003002" in facever("compare", crowd, crowd, "--face", "7", "--other-face", "1").err
    assert "BPE-003003" in facever("compare", crowd, crowd, "--face", "2").err
    assert facever("compare", crowd, crowd, "--face", "0").status == 2


def test_statuses(facever: Run, files: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert facever("compare", template, files / "other.jpg").status == 3
    assert facever("verify", files / "other.jpg", template).status == 3
    monkeypatch.setenv("FACEVER_OPERATOR_THRESHOLD", "0.00001")
    done = facever("compare", template, files / "other.jpg")
    assert (done.status, "operator_required" in done.out) == (4, True)
    assert facever("verify", files / "other.jpg", template).status == 4


@pytest.mark.parametrize("pair", [("bad.fvt", "photo.fvt"), ("photo.fvt", "bad.fvt")])
def test_the_bad_file_is_named(
    pair: tuple[str, str], facever: Run, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.fvt").write_bytes(template.read_bytes())
    Path("bad.fvt").write_bytes(template.read_bytes()[:-1])
    done = facever("compare", *pair, "--json")
    assert (done.status, done.row["path"], done.row["code"]) == (1, "bad.fvt", "BPE-002004")


def test_verify_writes_the_new_template(facever: Run, files: Path, template: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.fvt"
    done = facever("verify", files / "photo.jpg", template, "-o", new, "--json")
    assert (done.status, done.row["new_template"], new.read_bytes()) == (0, str(new), template.read_bytes())
    mine = tmp_path / "mine"
    mine.write_text("precious")
    refused = facever("verify", files / "photo.jpg", template, "-o", mine)
    assert (refused.status, mine.read_text(), refused.out) == (1, "precious", "")
    assert facever("verify", files / "photo.jpg", template, "-o", "/proc/nowhere/x").status == 1


def point(fmr: float, score: float) -> OperatingPoint:
    return OperatingPoint(fmr, cosine=0.0, score=score, tar=1.0)


def pixels(picture: Path) -> NDArray[np.uint8]:
    with Image.open(picture) as opened:
        assert (opened.size, opened.mode) == ((drawing.WIDTH, drawing.HEIGHT), "RGB")
        return np.asarray(opened)


def coloured(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.intp]:
    """(N, 2) x and y of the pixels of that very colour."""
    return np.argwhere((picture == colour).all(axis=2))[:, ::-1]


class TestShow:
    def test_two_photos(self, facever: Run, files: Path, engine: FaceEngine, tmp_path: Path) -> None:
        """The boxes are where the engine finds the faces: seen by their colour, exactly."""
        shown = tmp_path / "shown.png"
        names = ("photo.jpg", "other.jpg")
        assert facever("compare", *(files / name for name in names), "--show", shown).status == 3
        picture = pixels(shown)
        boxes = coloured(picture, drawing.BOX)
        corners = (drawing.MARGIN, drawing.WIDTH - drawing.MARGIN - drawing.PANEL[0])
        for name, left in zip(names, corners, strict=True):
            image = decode((files / name).read_bytes(), max_pixels=10**8)
            scale = min(drawing.PANEL[0] / image.shape[1], drawing.PANEL[1] / image.shape[0])
            top_left = np.array([left, drawing.MARGIN]) + (drawing.PANEL - np.array(image.shape[1::-1]) * scale) / 2
            box = engine.subject(image).face.box.reshape(2, 2) * scale + top_left
            own = boxes[(boxes[:, 0] >= left) & (boxes[:, 0] < left + drawing.PANEL[0])]
            np.testing.assert_allclose([own.min(axis=0), own.max(axis=0)], box, atol=2)
            marks = coloured(picture[:, left : left + drawing.PANEL[0]], drawing.LANDMARK)
            assert len(marks) > 5 * 12, "no landmarks"
        assert len(coloured(picture, drawing.COLOURS["declined"])) > 2000

    def test_a_template_has_a_placeholder(self, facever: Run, files: Path, template: Path, tmp_path: Path) -> None:
        shown = tmp_path / "shown.png"
        assert facever("compare", template, files / "turned.jpg", "--show", shown).status == 0
        picture = pixels(shown)
        left, right = np.split(picture[: drawing.TOP_CAPTION], 2, axis=1)
        assert not len(coloured(left, drawing.BOX))
        assert len(coloured(left, drawing.INK)) > 300, "not a word on the placeholder"
        assert len(coloured(right, drawing.BOX)) > 300
        assert len(coloured(picture, drawing.COLOURS["approved"])) > 2000

    def test_a_picture_lying_on_its_side_is_drawn_upright(
        self, facever: Run, files: Path, template: Path, tmp_path: Path
    ) -> None:
        lying, shown = tmp_path / "lying.png", tmp_path / "shown.png"
        with Image.open(files / "photo.jpg") as upright:
            upright.crop((150, 0, 330, 500)).transpose(Image.Transpose.ROTATE_90).save(lying)
        assert facever("compare", template, lying, "--show", shown).status == 0
        right = pixels(shown)[:, drawing.WIDTH // 2 :]
        wide, high = np.ptp(coloured(right, drawing.BOX), axis=0)
        assert high > 1.1 * wide
        eyes_to_mouth = coloured(right, drawing.LANDMARK)[:, 1]
        assert np.ptp(eyes_to_mouth) > 0.25 * high

    def test_with_a_server(self, facever: Run, files: Path, tmp_path: Path, server: Server) -> None:
        """The server compares; the faces are found here. What is the same is drawn the same."""
        pair = (files / "photo.jpg", files / "other.jpg", "--show")
        assert facever("compare", *pair, tmp_path / "here.png").status == 3
        assert facever("compare", *pair, tmp_path / "there.png", "--url", server.url).status == 3
        here, there = pixels(tmp_path / "here.png"), pixels(tmp_path / "there.png")
        assert (here[: drawing.TOP_VERDICT] == there[: drawing.TOP_VERDICT]).all()
        assert (here != there).any(), "a server's thresholds are not known"

    def test_where_it_goes(self, facever: Run, template: Path, tmp_path: Path) -> None:
        assert facever("compare", template, template, "--show", tmp_path / "s.jpg").status == 0
        with Image.open(tmp_path / "s.jpg") as opened:
            assert opened.format == "JPEG"
        done = facever("compare", template, template, "--show", "/proc/nowhere/s.png")
        assert done.status == 1
        assert "Traceback" not in done.err

    def test_what_is_there_is_not_drawn_over(self, facever: Run, files: Path, template: Path, tmp_path: Path) -> None:
        """But for an earlier picture, or with --force; and the files that are compared never."""
        mine, own = tmp_path / "mine.png", tmp_path / "own.png"
        shutil.copy(files / "selfie.png", mine)
        before = mine.read_bytes()
        refused = facever("compare", template, template, "--show", mine)
        assert (refused.status, refused.out, mine.read_bytes()) == (1, "", before)
        assert f"EEXIST: {mine} exists and is no PNG picture of this command; --force replaces it" in refused.err
        itself = facever("compare", mine, template, "--show", mine, "--force")
        assert (itself.status, itself.out, mine.read_bytes()) == (2, "", before)
        for target in (own, own, mine):
            assert facever("compare", template, template, "--show", target, *["--force"][target == own :]).status == 0
            assert pixels(target).any()

    def test_what_is_no_file_is_left_alone(self, facever: Run, template: Path, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for target in (pipe, tmp_path):
            done = facever("compare", template, template, "--show", target, "--force")
            assert (done.status, done.out) == (1, "")
            assert f"{target} cannot be replaced: it is no regular file" in done.err
        assert pipe.is_fifo()

    def test_the_axis(self) -> None:
        """The score's mark lies at its place between 0 and 1, in each decision's colour."""
        panel = drawing.Panel("x" * 300, "note")
        for score, decision in ((0.0, "declined"), (0.6, "operator_required"), (1.0, "approved")):
            verdict = drawing.Verdict(score, decision, (0.85, 0.5), [point(0.1, 0.01), point(1e-4, 0.85)])  # type: ignore[arg-type]
            axis = np.asarray(drawing.draw(panel, panel, verdict))[drawing.TOP_BAR - 20 : drawing.TOP_BAR + drawing.BAR]
            mark = coloured(axis, drawing.COLOURS[decision])  # type: ignore[index]
            place = drawing.MARGIN + score * (drawing.WIDTH - 2 * drawing.MARGIN)
            assert abs(float(np.median(mark[:, 0])) - place) < 4


class TestFonts:
    def test_a_long_name_keeps_its_end(self) -> None:
        text, font = fit("folder/" * 40 + "photo.jpg", 20, 300)
        assert text.startswith("…")
        assert text.endswith("photo.jpg")
        assert font.getlength(text) <= 300
        assert fit("photo.jpg", 20, 300)[0] == "photo.jpg"

    def test_letters_that_no_font_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from faceVer.cli import fonts

        monkeypatch.setattr(fonts, "SYSTEM_FONTS", ("no-such-font.ttf",))
        assert fit("фото 1.jpg", 21, 300)[0] == "???? 1.jpg"


class TestRates:
    POINTS = (point(1e-1, 0.002), point(1e-3, 0.4), point(1e-4, 0.85))

    def test_the_configured_packs_own(self, engine: FaceEngine) -> None:
        """0.85 lies at 1e-4, as the contract has it."""
        own = sorted(engine.matcher.calibration.points, key=lambda one: one.score)
        assert len(own) == 5
        assert rate_at(0.85, own) == "about 0.01 %, 1 in 10,000"

    @pytest.mark.parametrize(
        ("score", "told"),
        [
            (0.0, "above 10 %"),
            (0.002, "about 10 %, 1 in 10"),
            (0.4, "about 0.1 %, 1 in 1,000"),
            (0.85, "at most 0.01 %, 1 in 10,000"),
            (1.0, "at most 0.01 %, 1 in 10,000"),
        ],
    )
    def test_at_and_beyond_the_points(self, score: float, told: str) -> None:
        assert rate_at(score, self.POINTS) == told

    def test_between_them_it_falls(self) -> None:
        rates = []
        for score in np.linspace(0.41, 0.84, 20):
            words = rate_at(float(score), self.POINTS)
            rates.append(float(words.split()[1]) / 100)
        assert rates == sorted(rates, reverse=True)
        assert 1e-4 < rates[-1] < rates[0] < 1e-3
        # Logit of 0.4 is -0.405, of 0.85 1.735: half way between them lies 0.66, and the rate's logarithm, too.
        middle = 1 / (1 + math.exp(-(math.log(0.4 / 0.6) + math.log(0.85 / 0.15)) / 2))
        assert rate_at(middle, self.POINTS).startswith("about 0.032 %, 1 in 3,200")

    def test_unknown(self) -> None:
        assert rate_at(0.5, ()) == ""
        assert percent(0.00123) == "0.12 %"
        assert percent(1e-5) == "0.001 %"
