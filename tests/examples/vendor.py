"""The requests that the vendor's pages of API Lite 1.2 show, line by line, and what makes bytes of them.

The pages are typeset: quotes are curly, the header of the boundary is broken in two, part headers have no empty line
after them, `Content_type` has an underscore, and the boundary stands in the body without the two hyphens that go
before it (and after the last one). `request` undoes what no HTTP client could have sent, and nothing else:
`Content_type` stays, and so does the boundary `--BOUNDARY--`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MARK = "--BOUNDARY--"
_STREAM = re.compile(r"[{\[][^{}\[\]]*byte stream[}\]]")

VERSION = "GET localhost/version"
PATTERN_HEALTH = "GET localhost/v1/face/pattern/health"
LIVENESS_HEALTH = "GET localhost/v1/face/liveness/health"

EXTRACT = """\
POST localhost/v1/face/pattern/extract
Content-Type: image/jpeg
{Image byte stream}"""

DETECT = """\
POST /v1/face/liveness/detect HTTP/1.1
Host: localhost
Content-Type: image/jpeg
Content-Length: [the size of the message body]
[Image byte stream]"""


def _form(method: str, *parts: tuple[str, str]) -> str:
    """The multipart requests of the pattern methods all look like this."""
    head = [
        f"POST localhost/v1/face/pattern/{method}",
        "Content-Type: multipart/form-data;",
        f"boundary={MARK}",
        "Content-Length: Message body length",
    ]
    for names, media_type in parts:
        head += [MARK, f"Content-Disposition: form-data; {names}", f"Content_type: {media_type}", "{byte stream}"]
    return "\n".join([*head, MARK])


_OCTETS, _JPEG = "application/octet-stream", "image/jpeg"
COMPARE = _form("compare", ("name=”bio_feature”", _OCTETS), ("name=”bio_template”", _OCTETS))
# The template goes first on the page, although the sample is the first parameter.
VERIFY = _form("verify", ("name=”bio_template”", _OCTETS), ("name=”sample”", _JPEG))
EXTRACT_AND_COMPARE = _form("extract_and_compare", ("name=”sample_1”", _JPEG), ("name=”sample_2”", _JPEG))
_TEMPLATES = [(f"name=”templates_n”; filename=”{n}.template”", _OCTETS) for n in (1, 2, 3)]
COMPARE_N = _form("compare_n", ("name=”template_1”", _OCTETS), *_TEMPLATES)
VERIFY_N = _form("verify_n", ("name=”sample_1”", _JPEG), *_TEMPLATES)
EXTRACT_AND_COMPARE_N = _form(
    "extract_and_compare_n",
    ("name=”sample_1”", _JPEG),
    *[(f"name=”samples_n”; filename=”{n}.jpeg”", _JPEG) for n in (1, 2, 3)],
)

DETECT_FOLDER = """\
POST /v1/face/liveness/detect HTTP/1.1
Host: localhost
Content-Length: [the size of the message body]
Content-Type: multipart/form-data; boundary=--BOUNDARY--

--BOUNDARY--
Content-Disposition: form-data; name="media_key1"; filename="video.mp4"
Content-Type: multipart/form-data; \n
[media file byte stream]
--BOUNDARY--
Content-Disposition: form-data; name="payload"

    {
        "folder:meta_data": {
            "partner_side_folder_id": "partner_side_folder_id_if_needed",
            "person_info": {
                "first_name": "John",
                "middle_name": "Jameson",
                "last_name": "Doe"
            }
        },
        "resolution_endpoint": "https://www.your-custom-endpoint.com",
        "media:meta_data": {
            "media_key1": {
                "foo": "bar2"
            }
        },
        "media:tags": {
            "media_key1": [
                "video_selfie",
                "video_selfie_blank"
            ]
        },
        "analyses": [
          {
            "type": "quality",
            "meta_data": {
              "example1": "some_example1"
            },
            "params": {
                "threshold_spoofing": 0.6,
                "extract_best_shot": false
            }
          }
]
    }
--BOUNDARY--"""
DETECT_BEST_SHOT = DETECT_FOLDER.replace('"extract_best_shot": false', '"extract_best_shot": true')

# "The payload field": with comments, and without its last brace.
PAYLOAD = """\
{
    "folder:meta_data": {
        "partner_side_folder_id": "partner_side_folder_id_if_needed",
        "person_info": {
            "first_name": "John",
            "middle_name": "Jameson",
            "last_name": "Doe"
        }   },
    "resolution_endpoint": "https://www.your-custom-endpoint.com",
    "media:meta_data": {
        "media_key1": {
            "foo": "bar2",
            "additional_info": "additional_info" // might affect the score
        },
        "media_key2": {
            "foo2": "bar3"
        },
        "media_key3": {
            "foo4": "bar5"
        }
    },
    "media:tags": {
        "media_key1": [
            "video_selfie",
            "video_selfie_blank",
            "orientation_portrait"
        ],
        "media_key2": [
            "photo_selfie"
        ],
        "media_key3": [
            "video_selfie",
            "video_selfie_blank",
            "orientation_portrait"
        ]
    },
"analyses": [
    {
      "type": "quality",
      "meta_data": {
        "some_key": "some_value"
      },
      "params": {
      \t"threshold_spoofing": 0.42, // affects resolution
      \t"extract_best_shot":true // analysis will return the best shot
      }
    }
  ]"""


def without_comments(text: str) -> str:
    """JSON of the page, such that it is JSON."""
    return re.sub(r"(?m)//[^\"\n]*$", "", text) + "}"


def request(text: str, streams: Iterable[bytes] = (), headers: Iterable[str] = ()) -> bytes:
    """The bytes of a request, with what the page's byte streams stand for. headers: lines to add."""
    start, *lines = text.replace("”", '"').split("\n")
    method, address = start.split()[:2]
    path = "/" + address.partition("/")[2]
    at = next((i for i, line in enumerate(lines) if line in ("", MARK) or _STREAM.fullmatch(line)), len(lines))
    head = "\r\n".join(lines[:at]).replace(";\r\nboundary", "; boundary")
    fields = [line for line in head.split("\r\n") if line and not line.startswith(("Host:", "Content-Length:"))]
    body = _body([line for line in lines[at:] if line != ""] if lines[at:] else [], iter(streams))
    fields += ["Host: localhost", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode() + body


def _body(lines: list[str], streams: Iterable[bytes]) -> bytes:
    """The body: with an empty line before each part's content, and delimiters as RFC 2046 has them."""
    streams = iter(streams)
    out = b""
    in_head = False
    for number, line in enumerate(lines):
        if line == MARK:
            last = number == len(lines) - 1
            out += (b"\r\n" if out else b"") + f"--{MARK}{'--' if last else ''}".encode() + b"\r\n"
            in_head = not last
        elif in_head and ":" in line and line.startswith("Content"):
            out += line.encode() + b"\r\n"
        else:
            out += b"\r\n" if in_head else b""
            out += next(streams) if _STREAM.fullmatch(line) else line.encode() + b"\r\n"
            in_head = False
    return out
