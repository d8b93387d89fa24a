"""The server keeps nothing of what a client sends: neither in the log, even at DEBUG, nor in any file."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import msgpack
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import faceVer
from faceVer.http.pipeline import authentication
from tests import support_faces as faces
from tests.support_liveness import selfie
from tests.support_media import encode_video, make_tar
from tests.support_server import JPEG, PATTERN, Response, Server, form, part, template_part
from tests.support_wire import wire

MARK = "Zq7Planted"
"""A marker that the test puts in every field a client controls, followed by the field's name."""
DETECT, INSTANT = "/v1/face/liveness/detect", "/api/instant/folders/"
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}


def mark(field: str) -> str:
    return f"{MARK}-{field}-\u0442\u0430\u0439\u043d\u0430" if field == "unicode" else f"{MARK}-{field}"


class IsolatedServer:
    """A server with its own home, temporary and working folders, in which it must not leave a file."""

    def __init__(self, folder: Path, log_format: str, patch: pytest.MonkeyPatch, **settings: str) -> None:
        self.folders = {name: folder / name for name in ("home", "tmp", "work", "out")}
        for path in self.folders.values():
            path.mkdir()
        patch.setenv("HOME", str(self.folders["home"]))
        patch.setenv("TMPDIR", str(self.folders["tmp"]))
        patch.setenv("XDG_CACHE_HOME", str(self.folders["home"] / "cache"))
        patch.setenv("PYTHONPATH", str(Path(faceVer.__file__).parents[1]))
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        self.output = self.folders["out"] / "stdout"
        self.server = Server(
            threads="2", log_level="DEBUG", log_format=log_format, preexec=self._enter, webhook_hosts="hook.invalid",
            webhook_attempts="1", webhook_deadline="1", webhook_grace="1", **settings,
        )  # fmt: skip

    def _enter(self) -> None:
        os.chdir(self.folders["work"])
        os.dup2(os.open(self.output, os.O_WRONLY | os.O_CREAT, 0o600), 1)

    def remaining_files(self) -> list[str]:
        """Files in the server's folders, and files that it has open."""
        files = [str(path) for path in self.folders["out"].parent.rglob("*") if path.is_file() and path != self.output]
        for entry in Path(f"/proc/{self.server.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = os.readlink(entry)
                if target.startswith("/") and not target.startswith("/dev/") and target != str(self.output):
                    files.append(target)
        return files


KEY, LINE = authentication.new_key("one")


@pytest.fixture(scope="module", params=["text", "json"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IsolatedServer]:
    """A server that logs text lines, and one that logs JSON lines and requires an API key."""
    more = {"api_keys": LINE} if request.param == "json" else {}
    with pytest.MonkeyPatch.context() as patch:
        created = IsolatedServer(tmp_path_factory.mktemp(request.param), request.param, patch, **more)
        with created.server:
            yield created


def tagged_images() -> list[bytes]:
    """Images with markers in all metadata; the last ones are broken."""
    photo = Image.fromarray(selfie())
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = mark("description"), mark("artist"), mark("copyright")
    exif.get_ifd(0x8769)[0x9286] = mark("usercomment").encode()
    info = PngInfo()
    info.add_text("Comment", mark("pngtext"))
    info.add_itxt("XML:com.adobe.xmp", mark("xmp"), zip=True)
    tiff = {270: mark("tiffdescription"), 305: mark("tiffsoftware"), 65000: mark("tiffprivate")}
    good = [
        faces.jpeg(photo, exif=exif, comment=mark("jpegcomment").encode()),
        faces.encoded(photo, "PNG", pnginfo=info),
        faces.encoded(photo, "TIFF", tiffinfo=tiff),
        faces.encoded(photo, "WEBP", exif=exif, xmp=mark("webpxmp").encode()),
        faces.encoded(photo.quantize(64), "GIF", comment=mark("gifcomment").encode()),
    ]
    return [*good, *(image[: len(image) // 2] for image in good), good[0].replace(b"II*\0", b"II*\1", 1)]


def tagged_media() -> list[bytes]:
    photo = faces.jpeg(Image.fromarray(selfie()))
    with io.BytesIO() as packed:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{mark('zipname')}.jpg", photo)
            archive.comment = mark("zipcomment").encode()
        zipped = packed.getvalue()
    plain = encode_video([selfie()] * 4, "libx264", "mp4")
    target = io.BytesIO()
    with av.open(io.BytesIO(plain)) as source, av.open(target, "w", format="mp4") as out:
        out.metadata["title"] = mark("videotitle")
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    titled = target.getvalue()
    assert MARK.encode() in titled
    tar = make_tar([(f"{mark('tarname')}/a.jpg", photo)], gzip=True)
    bad = make_tar([(f"{mark('tarname')}/a.txt", mark("tarbytes").encode())])
    return [zipped, zipped[:-30], titled, titled[: len(titled) // 2], tar, bad, mark("medium").encode()]


def payload() -> dict[str, Any]:
    return {
        "folder:meta_data": {mark("metakey"): mark("metavalue"), "u": mark("unicode")},
        "resolution_endpoint": f"https://{mark('user')}:{mark('password')}@hook.invalid/{mark('path')}?q={mark('query')}",
        "media:meta_data": {mark("part"): {"a": mark("mediameta")}},
        "media:tags": {mark("part"): [mark("tag")], mark("unknownmedium"): ["x"]},
        "analyses": [{"type": "quality", "meta_data": {"a": mark("analysismeta")}, mark("unknownkey"): 1}],
    }


def send_all(server: Server, astronaut: bytes, stranger: bytes) -> tuple[list[Response], list[bytes], str]:
    """Send valid and invalid requests with markers in every field. Returns (responses, templates, a score)."""
    base = {
        "X-Request-ID": "known-id", "User-Agent": mark("agent"), "X-Forwarded-For": mark("forwarded"),
        "Cookie": f"a={mark('cookie')}", f"X-{MARK}": mark("header"), "Referer": f"https://{mark('referer')}/",
    }  # fmt: skip
    with_key = {**base, "X-API-Key": KEY}
    responses: list[Response] = []

    def post(path: str, body: bytes, headers: dict[str, str]) -> Response:
        responses.append(server.call("POST", f"{path}?q={mark('querystring')}", body, {**with_key, **headers}))
        return responses[-1]

    templates = [post(PATTERN + "extract", image, JPEG).body for image in (astronaut, stranger)]
    pair = [template_part("bio_feature", templates[0], mark("filename")), template_part("bio_template", templates[1])]
    score = json.dumps(post(PATTERN + "compare", form(pair), FORM).json()["score"])
    encoded = {**JPEG, "Content-Transfer-Encoding": "base64"}
    post(PATTERN + "extract", base64.b64encode(astronaut), encoded)
    post(PATTERN + "extract", mark("notbase64").encode(), encoded)
    for image in tagged_images():
        post(PATTERN + "extract", image, JPEG)
        post(DETECT, image, JPEG)
    document = json.dumps(payload()).encode()
    for data in tagged_media():
        parts = [
            part(mark("part"), data, "image/jpeg", f"{mark('unicode')}.mp4", [f"X-Part: {mark('partheader')}"]),
            part("payload", document, "application/json", mark("payloadname")),
        ]
        post(INSTANT, form(parts), FORM)
    for wrong_payload in (
        document.replace(b'"quality"', f'"{mark("type")}"'.encode()),
        document.replace(b'"analyses"', f'"analyses": {mark("nojson")}'.encode()),
        json.dumps({**payload(), "analyses": [{"source_media": [mark("source")]}]}).encode(),
        json.dumps({**payload(), "media:tags": mark("notable")}).encode(),
    ):
        post(DETECT, form([part(mark("part"), faces.jpeg(faces.no_face())), part("payload", wrong_payload)]), FORM)
    twice = [part(mark("twice"), astronaut), part(mark("twice"), astronaut)]
    post(DETECT, form(twice), FORM)
    post(DETECT, form([part(mark("part"), b"x", f"text/{mark('parttype')}")]), FORM)
    fields = msgpack.unpackb(templates[0][12:-16])
    foreign = msgpack.packb({**fields, "model": mark("model")})
    for blob in (templates[0][:-1] + b"\0", foreign, mark("template").encode()):
        post(PATTERN + "compare", form([template_part("bio_feature", blob, mark("filename")), pair[1]]), FORM)
    post(PATTERN + "compare", form([template_part(mark("unknownpart"), templates[0])]), FORM)
    post(PATTERN + "compare", form(pair), {"Content-Type": f"multipart/form-data; boundary={mark('boundary')}"})
    post(PATTERN + "compare", b"--72468\r\n" + mark("brokenform").encode(), FORM)
    post(PATTERN + "compare", form([part("bio_feature", b"", extra=[mark("nocolon")])]), FORM)
    post(PATTERN + "extract", astronaut, {"Content-Type": f"image/{mark('type')}"})
    post(PATTERN + "extract", astronaut, {**JPEG, "Content-Transfer-Encoding": mark("encoding")})
    post(PATTERN + "extract", mark("gzip").encode(), {**JPEG, "Content-Encoding": "gzip"})
    post(PATTERN + mark("unknown"), mark("body").encode(), JPEG)
    post(f"/{mark('path')}/%2e%2e/{mark('path')}", b"", {})
    strange = {
        "X-Request-ID": f"{mark('badid')} \xe9",
        "X-API-Key": mark("key"),
        "Authorization": f"Bearer {mark('bearer')}",
        "Origin": f"https://{mark('origin')}",
    }
    for headers in ({name: value} for name, value in strange.items()):
        responses.append(server.call("POST", PATTERN + "extract", mark("body").encode(), {**base, **JPEG, **headers}))
    preflight = {**with_key, "Origin": mark("origin"), "Access-Control-Request-Method": mark("method")}
    responses.append(server.call("OPTIONS", PATTERN + "extract", None, preflight))
    responses.append(server.call("DELETE", PATTERN + "extract", mark("body").encode(), with_key))
    return responses, templates, score


def send_malformed_http(server: Server) -> None:
    """Send bytes that are not HTTP, and requests that are not complete."""
    extract = f"POST {PATTERN}extract HTTP/1.1\r\nContent-Type: image/jpeg\r\n"
    for data in (
        f"{MARK} /{MARK} HTTP/1.1\r\n\r\n",
        f"GET /{MARK} HTTP/{MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{MARK} {MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nContent-Length: {MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nX: {MARK * 2000}\r\n\r\n",
        f"{extract}Transfer-Encoding: chunked\r\n\r\n{MARK}\r\n",
        f"{extract}Content-Length: 99\r\n\r\n{MARK}",
    ):
        with wire(server) as sock:
            sock.sendall(data.encode())
            sock.settimeout(0.3)
            with contextlib.suppress(OSError):
                sock.recv(4096)


def encodings(secret: bytes) -> list[bytes]:
    """The secret itself, as hex, as a Python literal, and as base64 at each of the three alignments."""
    encoded = [base64.b64encode(bytes(skip) + secret)[4 : 4 * (len(secret) // 3)] for skip in range(3)]
    return [secret, secret.hex().encode(), repr(secret)[2:-1].encode(), *(text for text in encoded if len(text) >= 8)]


def test_no_data_of_a_client_is_in_the_log_or_in_files(
    isolated: IsolatedServer, astronaut: bytes, stranger: bytes
) -> None:
    server = isolated.server
    responses, templates, score = send_all(server, astronaut, stranger)
    send_malformed_http(server)
    statuses = {response.status for response in responses}
    assert {200, 400} <= statuses <= {200, 204, 400, 401, 404, 503}, statuses
    last = server.call("GET", "/version").headers["x-request-id"]
    assert server.logged(last)
    assert server.logged("known-id")  # a valid request id is the only client data that the log may contain
    assert server.logged("webhook")  # the server has tried to send the webhook
    time.sleep(0.2)
    log = "".join(server.log).encode("utf-8", "surrogateescape") + isolated.output.read_bytes()
    shown = re.compile(rb".{0,80}" + re.escape(MARK.encode()) + rb".{0,80}", re.IGNORECASE)
    assert not {responses.group() for responses in shown.finditer(log)}
    secrets = [KEY.encode(), MARK.encode()]
    for template in templates:
        numbers = msgpack.unpackb(template[12:-16])["data"]
        secrets += [numbers[at : at + 24] for at in (0, 400, 1000)]
    for secret in secrets:
        assert not [text for text in encodings(secret) if text in log]
    assert len(score) > 6
    assert score.encode() not in log
    assert "\u0442\u0430\u0439\u043d\u0430" not in log.decode("utf-8", "replace")
    assert "Traceback" not in log.decode("utf-8", "replace")
    assert not isolated.remaining_files()
    metrics = server.call("GET", "/metrics", None, {"X-API-Key": KEY}).body
    assert MARK.encode() not in metrics


def test_every_log_line_is_one_record(isolated: IsolatedServer, astronaut: bytes) -> None:
    """A client cannot add lines to the log, and JSON lines are valid JSON for any input."""
    server = isolated.server
    evil = 'a"\\\u2028,{}'.encode("utf-8").decode("latin-1")
    headers = {"X-API-Key": KEY, "X-Request-ID": '"},{"level":"X', "Content-Type": f"image/{evil}"}
    server.call("POST", PATTERN + "extract", astronaut, headers)
    for image in tagged_images():
        server.call("POST", PATTERN + "extract", image, {**JPEG, "X-API-Key": KEY})
    assert server.logged(server.call("GET", "/version").headers["x-request-id"])
    if any(line.startswith("{") for line in server.log):
        for line in list(server.log):
            record = json.loads(line)
            assert {"time", "level", "pid", "request_id", "logger"} <= set(record), record
    else:
        # After a line break inside a record the line starts with two blanks.
        malformed = [
            line
            for line in list(server.log)
            if not re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ \d+ \S+ [\w.]+: |  ", line)
        ]
        assert not malformed
