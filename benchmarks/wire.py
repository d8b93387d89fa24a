"""HTTP requests as bytes, whole, ready to be sent again and again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

BOUNDARY = "72468"
OCTETS = "application/octet-stream"
PATTERN, LIVENESS = "/v1/face/pattern/", "/v1/face/liveness/"


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def part(name: str, data: bytes, content_type: str, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'Content-Disposition: form-data; name="{name}"{file}\r\nContent-Type: {content_type}\r\n\r\n'
    return head.encode() + data


def form(path: str, parts: Iterable[bytes]) -> bytes:
    """A multipart POST."""
    mark = b"--" + BOUNDARY.encode()
    body = b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts) + mark + b"--\r\n"
    return request("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def image(path: str, data: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST whose body is a JPEG."""
    return request("POST", path, data, {"Content-Type": "image/jpeg", **(headers or {})})


def many(name: str, first: bytes, key: str, rest: Iterable[tuple[str, bytes]], content_type: str) -> bytes:
    """A 1:N POST: the part `first`, and (file name, bytes) of the others."""
    return form(PATTERN + name, [first, *(part(key, data, content_type, filename) for filename, data in rest)])
