"""Every method of both clients against a real server, with and without base64."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pillow_heif
import pytest

from faceVer import __version__
from faceVer.client import (
    AnalysisFailed,
    BadRequest,
    Biometry,
    Client,
    Comparison,
    Health,
    NoFace,
    Quality,
    SeveralFaces,
)
from tests import support_faces as faces
from tests.client.flavours import Connect
from tests.support_liveness import blank, pair
from tests.support_media import jpeg, make_zip
from tests.support_server import Server

WAYS = pytest.mark.parametrize("base64", [False, True], ids=["binary", "base64"])
NAMES = [
    "ё.bin",
    'a "quoted" name',
    "two\r\nlines",
    "100%",
    "%22 stays",
    "back\\slash\\",
    "",
    "\t\x7f",
    "名前🙂",
    "a;b=c",
]


def test_version_and_health(connect: Connect, server: Server) -> None:
    client = connect(server.url)
    version = client.version()
    assert version.core == __version__
    assert version.tfss.startswith("onnxruntime ")
    assert "mobilefacenet" in [model.name for model in version.models]
    assert client.health() == client.liveness_health() == Health(0, "")
    assert client.health().ok


@WAYS
class TestPattern:
    def test_one_to_one(
        self, connect: Connect, server: Server, astronaut: bytes, stranger: bytes, template: bytes, base64: bool
    ) -> None:
        client = connect(server.url, base64=base64)
        assert client.extract(astronaut) == template
        assert client.compare(template, template) == Comparison(1.0, "approved")
        verified = client.verify(astronaut, template)
        assert (verified.score, verified.template) == (1.0, template)
        apart = client.extract_and_compare(astronaut, stranger)
        assert apart.decision == "declined"
        assert not apart.approved
        assert apart.score == client.verify(stranger, template).score

    def test_one_to_n(
        self,
        connect: Connect,
        server: Server,
        astronaut: bytes,
        stranger: bytes,
        template: bytes,
        other_template: bytes,
        base64: bool,
    ) -> None:
        client = connect(server.url, base64=base64)
        found = client.compare_n(template, [template, ("other", other_template)])
        assert [(match.filename, match.index, match.approved) for match in found] == [
            ("1", 0, True),
            ("other", 1, False),
        ]
        assert client.verify_n(astronaut, [template, ("other", other_template)]) == found
        assert client.extract_and_compare_n(astronaut, [astronaut, ("other", stranger)]) == found
        assert list(client.search(template, [template, ("other", other_template)], batch=1)) == found

    def test_the_chosen_face(self, connect: Connect, server: Server, base64: bool) -> None:
        client, both = connect(server.url, base64=base64), jpeg(pair(0, 2))
        left, right = (client.extract(both, face=face) for face in (1, (310, -20.5, 290, 310)))
        assert client.compare(left, right).score < 0.5
        assert client.verify(both, right, face="2").score == 1.0
        assert client.extract_and_compare(both, both, face=1, other_face=2).score < 0.5
        assert client.extract_and_compare(both, both, face="2", other_face=2).score == 1.0
        assert [match.approved for match in client.verify_n(both, [left, right], face=2)] == [False, True]
        found = client.extract_and_compare_n(both, [both, both], face=2, images_face="2")
        assert [match.score for match in found] == [1.0, 1.0]
        assert 0 <= client.liveness(both, face=1).score <= 1
        with pytest.raises(SeveralFaces):
            client.extract(both)
        with pytest.raises(NoFace):
            client.extract(both, face=3)
        with pytest.raises(BadRequest, match="Invalid request: face"):
            client.extract(both, face="the man with the hat")

    def test_file_names_come_back_as_they_are(
        self, connect: Connect, server: Server, template: bytes, base64: bool
    ) -> None:
        found = connect(server.url, base64=base64).compare_n(template, [(name, template) for name in NAMES])
        # Without a name it is its place that is sent.
        assert [match.filename for match in found] == [name or "7" for name in NAMES]

    def test_liveness(self, connect: Connect, server: Server, astronaut: bytes, base64: bool) -> None:
        found = connect(server.url, base64=base64).liveness(astronaut)
        assert found.passed
        assert 0 <= found.score < 0.5

    def test_a_folder(self, connect: Connect, server: Server, astronaut: bytes, clip: bytes, base64: bool) -> None:
        client = connect(server.url, base64=base64)
        folder = client.analyse(
            {'sel"fie\n': astronaut, "clip": ("ё.mp4", clip)},
            [Quality(extract_best_shot=True, meta_data={"n": 1}), Biometry(threshold_min=0.0, threshold_max=0.0)],
            tags={'sel"fie\n': ["mine"]},
            meta_data={"case": "A-7"},
            media_meta_data={"clip": {"from": "a phone"}},
            instant=base64,
        )
        assert (folder.state, folder.resolution, folder.passed) == ("FINISHED", "SUCCESS", True)
        assert folder.meta_data == {"case": "A-7"}
        photo, video = folder.media
        assert (photo.name, photo.kind, photo.tags[0]) == ('sel"fie\n', "IMAGE_FOLDER", "mine")
        assert (video.name, video.kind, video.original_name) == ("clip", "VIDEO_FOLDER", "ё.mp4")
        assert (video.info["FPS"], video.info["size"], video.meta_data) == (4.0, len(clip), {"from": "a phone"})
        assert (photo.info["size"], folder.medium(photo.media_id)) == (len(astronaut), photo)
        quality, biometry = folder.analyses
        assert (quality.type, quality.state, quality.meta_data) == ("QUALITY", "FINISHED", {"n": 1})
        assert quality.media_ids == (photo.media_id, video.media_id)
        assert quality.confidence_spoofing == max(one.confidence_spoofing for one in quality.results)
        assert biometry.min_confidence == biometry.max_confidence == biometry.results[0].min_confidence
        assert 0 <= biometry.min_confidence < 0.1
        (shot,) = folder.best_shots
        assert shot.measures["quality"] > 0.3
        assert (shot.media_id, shot.image[:3]) == (video.media_id, b"\xff\xd8\xff")
        assert (shot.width, shot.height) == (300, 400)
        assert folder.raw["analyses"][0]["confs"]["extract_best_shot"] is True


def test_best_shot(connect: Connect, server: Server, clip: bytes, astronaut: bytes) -> None:
    client = connect(server.url)
    assert client.best_shot(clip).startswith(b"\xff\xd8\xff")
    with pytest.raises(AnalysisFailed, match="no best shot") as photo:
        client.best_shot(astronaut)
    assert photo.value.error_code is None
    with pytest.raises(AnalysisFailed, match="Could not locate face") as empty:
        client.best_shot(make_zip([("1.jpg", jpeg(blank()))]))
    assert empty.value.error_code == 202
    assert empty.value.request_id


class TestFiles:
    def test_paths_and_open_files(
        self, connect: Connect, server: Server, tmp_path: Path, astronaut: bytes, template: bytes
    ) -> None:
        client = connect(server.url)
        photo, stored = tmp_path / "pho to.jpg", tmp_path / "ё.fvt"
        photo.write_bytes(astronaut)
        stored.write_bytes(template)
        assert client.extract(photo) == client.extract(str(photo)) == client.extract(bytearray(astronaut)) == template
        with stored.open("rb") as one, io.BytesIO(b"head" + template) as two:
            two.seek(4)
            assert client.compare(one, two).score == 1.0
            assert (one.read(), two.read()) == (b"", b"")
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as end:
            end.write(template)
        with os.fdopen(reader, "rb") as pipe:
            assert client.compare(stored, pipe).score == 1.0

    def test_their_names_are_those_of_the_results(
        self, connect: Connect, server: Server, tmp_path: Path, template: bytes
    ) -> None:
        (tmp_path / "ё.fvt").write_bytes(template)
        with (tmp_path / "ё.fvt").open("rb") as stream:
            found = connect(server.url).compare_n(template, [tmp_path / "ё.fvt", stream, template])
        assert [match.filename for match in found] == ["ё.fvt", "ё.fvt", "3"]

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF", "GIF", "HEIF"])
    def test_images_of_every_kind(self, server: Server, template: bytes, kind: str) -> None:
        pillow_heif.register_heif_opener()
        image = faces.encoded(faces.astronaut().crop((90, 0, 390, 300)), kind)
        with Client(server.url) as client:
            assert client.compare(client.extract(image), template).score > 0.9

    def test_what_is_no_file(self, connect: Connect, server: Server, tmp_path: Path, template: bytes) -> None:
        client = connect(server.url)
        with pytest.raises(FileNotFoundError):
            client.extract(tmp_path / "none.jpg")
        with pytest.raises(TypeError, match="bytes, a path or an open binary file"):
            client.extract(7)
        with pytest.raises(TypeError, match="binary mode"):
            client.compare(template, io.StringIO("text"))
        (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
        with (tmp_path / "photo.jpg").open(encoding="utf-8") as text, pytest.raises(TypeError, match="binary mode"):
            client.extract(text)
        with pytest.raises(ValueError, match="payload"):
            client.analyse({"payload": template})
        with pytest.raises(ValueError, match="cannot carry"):
            client.analyse({"odd\\": template})
        with pytest.raises(TypeError, match="not one"):
            client.analyse({"a": template}, [Quality(source_media="a")])
        with pytest.raises(TypeError, match="not one"):
            client.analyse({"a": template}, tags={"a": "abc"})

    def test_a_file_that_changes_while_it_is_sent(
        self, connect: Connect, server: Server, tmp_path: Path, template: bytes
    ) -> None:
        path = tmp_path / "t.fvt"
        path.write_bytes(template)
        others = [path, _Shrinking(path)]
        with pytest.raises(OSError, match="shorter"):
            connect(server.url).compare_n(template, others)


class _Shrinking(io.BytesIO):
    """A file that cuts another one when its length is read."""

    def __init__(self, other: Path) -> None:
        super().__init__(b"some")
        self._other = other

    def seek(self, offset: int, whence: int = 0) -> int:
        self._other.write_bytes(b"")
        return super().seek(offset, whence)
