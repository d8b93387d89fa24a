"""Requests whose HTTP is odd, and bytes that are no HTTP."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from random import Random

from tests.fuzz.mutate import blind
from tests.fuzz.seeds import Seeds

PATTERN, LIVENESS, FOLDERS = "/v1/face/pattern/", "/v1/face/liveness/", "/api/instant/folders/"
PROBES = ("/version", PATTERN + "health", LIVENESS + "health", "/livez", "/readyz", "/metrics")
_METHODS_OF_PATTERN = [
    "extract",
    "compare",
    "verify",
    "extract_and_compare",
    "compare_n",
    "verify_n",
    "extract_and_compare_n",
]
WORK = (*(PATTERN + name for name in _METHODS_OF_PATTERN), LIVENESS + "detect", FOLDERS)
NOWHERE = ("/", "/v1", "/v1/face/pattern", PATTERN, PATTERN + "nothing", LIVENESS + "x", "/api/instant/folders",
           "/api/instant/folders/x", "/api/", "//version", "/version/", "/v1/face/pattern/../extract", "/%00", "/%ff",
           "/v1/face/pattern/extract%2f", "*", "http://x/version", "/\u00e9")  # fmt: skip
TYPES = ("image/jpeg", "image/png", "IMAGE/JPEG; charset=x", "image/gif", "text/plain", "multipart/form-data",
         "multipart/form-data; boundary=", 'multipart/form-data; boundary="', "multipart/form-data; boundary=72468",
         "multipart/mixed; boundary=72468", "application/json", "", ";;;", "image/", "/jpeg", "\u00e9/\u00e9",
         "multipart/form-data; boundary=" + "x" * 300)  # fmt: skip
ENCODINGS = ("base64", "BASE64", "binary", "8bit", "7bit", "quoted-printable", "x", "", "base64; x=y", "\u00ff")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", "X" * 40)
Headers = Sequence[tuple[str, str]]


def request(method: str, path: str, headers: Headers = (), body: bytes = b"", *, length: bool = True) -> bytes:
    """A whole request; header values are Latin-1 where they can be, else UTF-8."""
    lines = [f"{method} {path} HTTP/1.1", "Host: fuzz", *(f"{name}: {value}" for name, value in headers)]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("utf-8") + body


def _text(rng: Random, most: int = 40) -> str:
    """A header's value: anything without control characters."""
    return "".join(
        chr(rng.choice((rng.randint(33, 126), rng.randint(160, 1000), 32))) for _ in range(rng.randint(0, most))
    )


def _extra(rng: Random) -> list[tuple[str, str]]:
    """Headers that the server looks at, with values that it may not like."""
    made = {
        "X-Request-ID": lambda: rng.choice(("x" * 128, "x" * 129, "a b", _text(rng), '{"a":1}', "")),
        "Content-Transfer-Encoding": lambda: rng.choice(ENCODINGS),
        "Origin": lambda: rng.choice(("https://app.example", "null", "", _text(rng))),
        "Access-Control-Request-Method": lambda: rng.choice(("POST", "", _text(rng))),
        "Access-Control-Request-Headers": lambda: rng.choice(("content-type", ",,,", "a," * 500, _text(rng))),
        "Authorization": lambda: rng.choice(("Bearer x", "Basic eA==", "Bearer", _text(rng))),
        "X-API-Key": lambda: _text(rng),
        "Accept-Encoding": lambda: rng.choice(("gzip", "*", "identity;q=0")),
        "Cookie": lambda: _text(rng, 200),
        "Range": lambda: "bytes=0-1",
        "If-None-Match": lambda: "*",
        "Connection": lambda: rng.choice(("close", "keep-alive", "upgrade", "x")),
        "X-Forwarded-For": lambda: _text(rng),
        "User-Agent": lambda: _text(rng, 300),
    }
    return [(name, made[name]()) for name in rng.sample(sorted(made), rng.randint(0, 4))]


def _packed(rng: Random, body: bytes) -> tuple[str, bytes]:
    """(Content-Encoding, the body in it), which may be broken, or a bomb."""
    name = rng.choice(("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "x"))
    if rng.random() < 0.1:
        body = bytes(8 << 20)
    packed = zlib.compress(body) if name == "deflate" else gzip.compress(body, 6, mtime=0)
    return name, blind(rng, packed, 2) if rng.random() < 0.5 else packed


def odd(rng: Random, seeds: Seeds) -> tuple[str, bytes, bool]:
    """Whole requests of any method on any path, with any headers."""
    path = rng.choice(rng.choice((PROBES, WORK, NOWHERE)))
    if rng.random() < 0.2:
        path += "?" + "".join(rng.choice("ab=&%./;+\u00e9") for _ in range(rng.randint(0, 60)))
    method = rng.choice(METHODS) if rng.random() < 0.5 else "POST"
    headers = _extra(rng)
    body = b"" if rng.random() < 0.3 else rng.choice((b"x", seeds.images["jpeg"][:200], seeds.template, seeds.payload))
    if rng.random() < 0.7:
        headers.append(("Content-Type", rng.choice(TYPES)))
    if rng.random() < 0.15:
        name, body = _packed(rng, body)
        headers.append(("Content-Encoding", name))
    # Upgrades, tunnels and methods that are none may be answered and closed in ways of their own.
    plain = method in METHODS[:7] and path.startswith("/") and not any(name == "Connection" for name, _ in headers)
    return path.partition("?")[0] if plain else "other", request(method, path, headers, body), plain


def _whole(rng: Random, seeds: Seeds) -> bytes:
    """A request that is well, to be spoilt."""
    match rng.randrange(5):
        case 0:
            return request("GET", rng.choice(PROBES), length=False)
        case 1:
            return request("POST", PATTERN + "extract", [("Content-Type", "image/jpeg")], b"\xff\xd8\xff" + b"x" * 40)
        case 2:
            chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (b"\xff\xd8\xff", b"abc" * 9, b"x")]
            headers = [("Content-Type", "image/jpeg"), ("Transfer-Encoding", "chunked")]
            return request("POST", PATTERN + "extract", headers, length=False) + b"".join(chunks) + b"0\r\n\r\n"
        case 3:
            headers = [("Content-Type", "image/jpeg"), ("Expect", "100-continue")]
            return request("POST", LIVENESS + "detect", headers, b"\x89PNG")
        case _:
            first, second = request("GET", "/version", length=False), request("POST", FOLDERS, [("X", "y")], b"z")
            return first + second


def broken(rng: Random, seeds: Seeds) -> tuple[str, bytes, bool]:
    """What may or may not be HTTP: a request with bytes changed, headers that overflow, chunks and lengths that lie."""
    data = _whole(rng, seeds)
    match rng.randrange(8):
        case 0:
            data = data.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n", b"\r\n ")), rng.choice((1, 2, -1)))
        case 1:
            name = rng.choice((b"X-Long", b"Content-Type", b"Cookie", b"Host", b"X-Request-ID"))
            line = name + b": " + b"a" * rng.choice((8000, 8190, 8200, 70_000, 300_000))
            data = data.replace(b"Host: fuzz", line, 1)
        case 2:
            many = b"".join(b"X-%d: y\r\n" % number for number in range(rng.choice((90, 101, 500, 5000))))
            data = data.replace(b"Host: fuzz\r\n", many, 1)
        case 3:
            value = rng.choice((b"-1", b"0", b"1", b"99", b"99999999999", b"1e3", b"+5", b"5, 5", b"0x5", b"", b"\xff"))
            data = data.replace(b"Host: fuzz", b"Content-Length: " + value, 1)
        case 4:
            value = rng.choice((b"chunked", b"chunked, chunked", b"gzip, chunked", b"x", b" chunked", b"\x0bchunked"))
            data = data.replace(b"Host: fuzz", b"Transfer-Encoding: " + value, 1)
        case 5:
            size = rng.choice((b"ffffffffffffffff", b"-1", b"0", b"5;" + b"x" * 9000, b"1 ", b"\x00", b"FFFFFFFF"))
            data = data.replace(b"\r\n\r\n3\r\n", b"\r\n\r\n" + size + b"\r\n", 1)
        case 6:
            version = rng.choice(
                (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.9", b"HTTP/11", b"http/1.1", b"", b"\xff")
            )
            data = data.replace(b"HTTP/1.1", version, 1)
        case _:
            data = blind(rng, data)
    return "raw", data[: 1 << 20], False
