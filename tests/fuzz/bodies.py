"""Requests whose HTTP is well and whose body is not: forms, base64, templates, payloads, media."""

from __future__ import annotations

import base64
import copy
import json
from random import Random
from typing import Any

import msgpack
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.fuzz.mutate import INTERESTING, blind, pieces, worse
from tests.fuzz.protocol import ENCODINGS, FOLDERS, LIVENESS, PATTERN, TYPES, request
from tests.fuzz.seeds import PAYLOAD, Seeds, header, sealed

DETECT = LIVENESS + "detect"
# Endpoint -> its parts, in the contract's order; "*" marks the one there may be N of.
ROWS = {
    "compare": ("bio_feature", "bio_template"),
    "compare_n": ("template_1", "*templates_n"),
    "verify": ("sample", "bio_template"),
    "verify_n": ("sample_1", "*templates_n"),
    "extract_and_compare": ("sample_1", "sample_2"),
    "extract_and_compare_n": ("sample_1", "*samples_n"),
}
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/bmp", "image/tiff")
BROKEN_JPEG = b"\xff\xd8\xff\xe0 this begins like a picture and is none"
Made = tuple[str, bytes, bool]
ENDLESS = (
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x01",
    b"\xd6\xff\x00\x00\x00\x00",
    b"\x91" * 2000,
    b"\x81\xa1x" * 600,
    b"",
)
"""msgpack: lengths that it announces and does not bring, and nesting without end."""


def part(name: str, data: bytes, kind: str = "", filename: str | None = None, extra: tuple[str, ...] = ()) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    lines = [disposition + (f'; filename="{filename}"' if filename is not None else "")]
    lines += [f"Content-Type: {kind}"] if kind else []
    return "\r\n".join((*lines, *extra, "", "")).encode("utf-8", "surrogatepass") + data


def form(parts: list[bytes], mark: bytes = b"72468") -> bytes:
    return b"".join(b"--" + mark + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + mark + b"--\r\n"


def post(path: str, body: bytes, mark: str = "72468", *headers: tuple[str, str]) -> Made:
    return (
        path,
        request("POST", path, [("Content-Type", f"multipart/form-data; boundary={mark}"), *headers], body),
        True,
    )


def _file(rng: Random, name: str, seeds: Seeds) -> tuple[bytes, str]:
    """(a file for that part, its type): mostly good templates, and pictures that cost nothing."""
    if "sample" in name:
        dear = rng.random() < 0.02
        return (seeds.images["jpeg"] if dear else rng.choice((BROKEN_JPEG, b"", b"\x89PNG\r\n\x1a\n"))), "image/jpeg"
    return (seeds.template if rng.random() < 0.8 else blind(rng, seeds.template)), "application/octet-stream"


def _name(rng: Random, name: str) -> str:
    """A part's or a file's name, as hostile clients write it."""
    match rng.randrange(12):
        case 0:
            return rng.choice(
                ("", "a" * 300, "../../x", 'q\\"q', "%22%0D%0A", "\u0444\u0430\u0439\u043b", "\udcff", "a\tb", "x;y=z")
            )
        case 1:
            return name + rng.choice(("\x00", " ", "\u200b", '"; filename="evil'))
        case 2:
            return name.upper()
    return name


def multipart(rng: Random, seeds: Seeds) -> Made:
    """Forms for every endpoint, with faults in their parts, headers and boundaries."""
    if rng.random() < 0.2:
        return _media_form(rng, seeds)
    endpoint = rng.choice(list(ROWS))
    parts = []
    for name in ROWS[endpoint]:
        for number in range(rng.choice((0, 1, 2, 3, 20)) if name[0] == "*" else 1):
            data, kind = _file(rng, name, seeds)
            parts.append(_part(rng, name.lstrip("*"), data, kind, f"file-{number}"))
    return post(PATTERN + endpoint, *_spoilt_form(rng, parts))


def _media_form(rng: Random, seeds: Seeds) -> Made:
    media = [
        _part(rng, f"m{number}", BROKEN_JPEG, "image/jpeg", "a.jpg") for number in range(rng.choice((0, 1, 2, 11)))
    ]
    if rng.random() < 0.7:
        media.insert(rng.randint(0, len(media)), _part(rng, "payload", seeds.payload, "application/json", None))
    return post(rng.choice((DETECT, FOLDERS)), *_spoilt_form(rng, media))


def _part(rng: Random, name: str, data: bytes, kind: str, filename: str | None) -> bytes:
    if rng.random() < 0.1:
        kind = rng.choice(("", "text/plain", "image/png", "application/octet-stream", *TYPES[:8]))
    extra: list[str] = []
    if rng.random() < 0.1:
        extra.append(f"Content-Transfer-Encoding: {rng.choice(ENCODINGS)}")
    if rng.random() < 0.08:
        extra.append(f"Content-Length: {rng.choice((len(data), len(data) + 1, 0, -1, 'x', 2**64))}")
    if rng.random() < 0.05:
        extra.append(rng.choice(("X: " + "y" * 9000, "X" * 9000 + ": y", " folded", "no colon", ": no name", "X:\0")))
    if rng.random() < 0.03:
        extra += [f"X-{number}: y" for number in range(40)]
    if rng.random() < 0.05:
        extra.append(f'Content-Disposition: {rng.choice(("form-data", "attachment", ""))}; name="{_name(rng, name)}"')
    return part(_name(rng, name), data, kind, None if filename is None else _name(rng, filename), tuple(extra))


def _spoilt_form(rng: Random, parts: list[bytes]) -> tuple[bytes, str]:
    """(a form of the parts, the boundary that the request's header names)."""
    mark = rng.choice(("72468", "----WebKitFormBoundaryabc", "a b", "x" * 200, "--", "'()+_,-./:=?", "\u00e9"))
    body = form(parts, mark.encode())
    match rng.randrange(12):
        case 0:
            body = blind(rng, body)
        case 1:
            body = pieces(rng, body.split(b"\r\n"))
        case 2:
            body = body.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n", b"\r\n\r\n")), rng.choice((1, 3, -1)))
        case 3:
            body = body[: rng.randint(0, len(body))]
        case 4:
            inner = form(parts[:1], b"inner")
            body = form([part("nested", inner, "multipart/mixed; boundary=inner"), *parts], mark.encode())
        case 5:
            body = rng.choice((b"preamble\r\n", b"x" * 5000, b"--", b"\r\n")) + body + b"epilogue" * rng.randint(0, 50)
        case 6:
            extra = [part(f"u{number}", b"") for number in range(rng.choice((30, 190, 260)))]
            body = form([*parts, *extra], mark.encode())
        case 7:
            body = form(parts * 2, mark.encode())
    quoted = f'"{mark}"' if rng.random() < 0.8 or " " in mark else mark
    return body, quoted


def base64_text(rng: Random, seeds: Seeds) -> Made:
    """base64 in every dress and none."""
    data = rng.choice((seeds.template, seeds.template, BROKEN_JPEG, rng.randbytes(rng.randint(0, 300))))
    text = base64.b64encode(data)
    match rng.randrange(10):
        case 0:
            text = text.translate(bytes.maketrans(b"+/", b"-_"))
        case 1:
            text = text.rstrip(b"=") + b"=" * rng.randint(0, 6)
        case 2:
            width = rng.randint(1, 80)
            text = rng.choice((b"\r\n", b"\n", b" ", b"\t\v")).join(
                text[at : at + width] for at in range(0, len(text), width)
            )
        case 3:
            text = (
                rng.choice(
                    (b"data:image/jpeg;base64,", b"data:;base64,", b"data:" + b"x" * 250 + b";base64,", b"data:,")
                )
                + text
            )
        case 4:
            text = blind(rng, text, 3)
        case 5:
            text = base64.b64encode(text)
        case 6:
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice((b"=", b"\x00", b"\xff", b"%", b"-+", b"data:,", b"\xd0\xb0")) + text[at:]
        case 7:
            text = text[: rng.randint(0, len(text))]
    whole = ("Content-Transfer-Encoding", "base64")
    if rng.random() < 0.3:
        path = rng.choice((PATTERN + "extract", DETECT))
        return path, request("POST", path, [("Content-Type", "image/jpeg"), whole], text), True
    if rng.random() < 0.5:
        parts = [part("bio_feature", text), part("bio_template", base64.b64encode(seeds.template))]
        return post(PATTERN + "compare", form(parts), "72468", whole)
    parts = [
        part("bio_feature", text, extra=("Content-Transfer-Encoding: base64",)),
        part("bio_template", seeds.template),
    ]
    return post(PATTERN + "compare", form(parts))


def _template(rng: Random, seeds: Seeds) -> bytes:
    """A template with a fault in one of its fields, mostly under a checksum that is right."""
    body = seeds.template[12:-16]
    fields = msgpack.unpackb(body)
    head: dict[str, Any] = {}
    match rng.randrange(10):
        case 0:
            return blind(rng, seeds.template)
        case 1:
            value = rng.choice((0, 2, 255, b"\xff", "x", -1, 1.5, None, True, [], {}))
            fields[rng.choice((*fields, "more", 5))] = value
            body = msgpack.packb(fields)
        case 2:
            data = rng.choice(
                (
                    bytes(1024),
                    b"\xff" * 1024,
                    b"\x00\x7c" * 512,
                    b"\x00\x7e" * 512,
                    rng.randbytes(1024),
                    b"\xff\x7b" * 512,
                )
            )
            body = msgpack.packb({**fields, "data": data})
        case 3:
            dtype = rng.choice(("<f4", "<f8", ">f2", "O", "V2", "x" * 1000, "<f2 "))
            size = rng.choice((512, 1024, 2048, 4096))
            body = msgpack.packb({**fields, "dtype": dtype, "data": rng.randbytes(size)})
        case 4:
            del fields[rng.choice(list(fields))]
            body = msgpack.packb(fields)
        case 5:
            body = blind(rng, body)
        case 6:
            body = rng.choice(ENDLESS)
        case 7:
            head = rng.choice(({"magic": b"FVTQ"}, {"version": rng.randrange(256)}, {"flags": rng.randrange(256)},
                               {"zero": rng.randrange(65536)}))  # fmt: skip
        case 8:
            return _encrypted(rng, seeds, body)
        case _:
            made = bytearray(header(body) + body)
            made[8:12] = (rng.choice(INTERESTING) & 0xFFFFFFFF).to_bytes(4, "little")
            return sealed(bytes(made))
    return sealed(header(body, **head) + body)


def _encrypted(rng: Random, seeds: Seeds, body: bytes) -> bytes:
    key = seeds.key if rng.random() < 0.7 else rng.randbytes(32)
    nonce = rng.randbytes(12)
    if rng.random() < 0.5:
        body = blind(rng, body)
    head = header(bytes(12 + len(body) + 16), flags=1)
    made = nonce + AESGCM(key).encrypt(nonce, body, head)
    made = made[: rng.choice((0, 5, 12, 28, len(made)))] if rng.random() < 0.3 else made
    return sealed(header(made, flags=1) + made)


def template(rng: Random, seeds: Seeds) -> Made:
    """Templates, good ones and bad ones, 1:1 and 1:N."""
    if rng.random() < 0.5:
        parts = [part("bio_feature", _template(rng, seeds)), part("bio_template", seeds.template)]
        rng.shuffle(parts)
        return post(PATTERN + "compare", form(parts))
    many = [seeds.template if rng.random() < 0.9 else _template(rng, seeds) for _ in range(rng.choice((1, 2, 8, 40)))]
    parts = [part("template_1", seeds.template), *(part("templates_n", one, filename=_name(rng, "f")) for one in many)]
    return post(PATTERN + "compare_n", form(parts))


TOKENS = (
    b"null",
    b"true",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"1" * 5000,
    b"0.1e-320",
    b'"\\ud800"',
    b'"\\u0000"',
    b"[",
    b"{",
    b"]",
    b"}",
    b",",
    b":",
    b'"',
    b"[" * 3000,
    b'{"a":' * 500,
    b'"' + b"x" * 3000 + b'"',
    b"\xef\xbb\xbf",
    b"\xff",
    b"/**/",
    b"'x'",
    b'"../x"',
    b"\x00",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    0.5,
    2,
    1e308,
    "",
    "x",
    "quality",
    "BIOMETRY",
    "liveness",
    [],
    {},
    [[]],
    ["m"],
    ["nobody"],
    {"m": 1},
    {"m": ["photo_id_front"]},
    "http://127.0.0.1/x",
    "https://a:b@hook.example/",
    {"": {}},
    "\u0444",
    ["video_selfie_smile"],
    10**400,
)


def payload(rng: Random, seeds: Seeds) -> Made:
    """JSON by grammar and by damage. Mostly without a media item, so that little is computed."""
    if rng.random() < 0.5:
        document = json.loads(json.dumps(PAYLOAD).replace("video1", rng.choice(("m", "video1"))))
        for _ in range(rng.randint(1, 3)):
            _replace(rng, document)
        text = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    else:
        text = seeds.payload.replace(b"video1", b"m")
    if rng.random() < 0.5:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(TOKENS) + text[at + rng.choice((0, 1, 10)) :]
    if rng.random() < 0.2:
        text = blind(rng, text)
    medium = seeds.blank if rng.random() < 0.02 else BROKEN_JPEG
    parts = [part("m", medium, "image/jpeg", "a.jpg"), part("payload", text, "application/json")]
    return post(rng.choice((DETECT, FOLDERS)), form(parts))


def _replace(rng: Random, node: Any) -> None:
    """Put another value somewhere into a document."""
    while isinstance(node, (dict, list)) and node:
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if rng.random() < 0.4 or not isinstance(node[key], (dict, list)) or not node[key]:
            node[key] = copy.deepcopy(rng.choice(VALUES))
            return
        node = node[key]


def image(rng: Random, seeds: Seeds) -> Made:
    """Pictures of every format, mostly damaged."""
    data = seeds.images[rng.choice(sorted(seeds.images))]
    if rng.random() < 0.97:
        data = worse(rng, data)
    kind = ("Content-Type", rng.choice(IMAGE_TYPES))
    match rng.randrange(5):
        case 0 | 1:
            return PATTERN + "extract", request("POST", PATTERN + "extract", [kind], data), True
        case 2:
            return DETECT, request("POST", DETECT, [kind], data), True
        case 3:
            parts = [part("sample", data, kind[1]), part("bio_template", seeds.template)]
            return post(PATTERN + "verify", form(parts))
    return _folder(rng, data, "image/jpeg")


def archive(rng: Random, seeds: Seeds) -> Made:
    """zip, tar and tar.gz, damaged."""
    return _folder(rng, worse(rng, seeds.archives[rng.choice(sorted(seeds.archives))]), "application/zip")


def video(rng: Random, seeds: Seeds) -> Made:
    """mp4, mov, webm, mkv and avi, damaged."""
    return _folder(rng, worse(rng, seeds.videos[rng.choice(sorted(seeds.videos))]), "video/mp4")


def _folder(rng: Random, medium: bytes, kind: str) -> Made:
    parts = [part("m", medium, kind, "a.bin")]
    if rng.random() < 0.3:
        asked = {
            "analyses": [
                {"type": rng.choice(("quality", "biometry")), "params": {"extract_best_shot": rng.random() < 0.3}}
            ]
        }
        parts.append(part("payload", json.dumps(asked).encode()))
    return post(rng.choice((DETECT, FOLDERS)), form(parts))
