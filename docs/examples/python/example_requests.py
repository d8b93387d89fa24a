"""FaceVer over HTTP, with `requests` alone: for those who do not install faceVer.client.

Environment: URL, API_KEY (where the server asks for one), PHOTO, SELFIE and OTHER (JPEG), VIDEO. Templates and the best
shot are written to the current folder. Exit status 0, or 1 with the error on standard error.
"""

import base64
import json
import os
import re
import sys
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

URL = os.environ.get("URL", "http://127.0.0.1:8080")
PATTERN, LIVENESS = "/v1/face/pattern/", "/v1/face/liveness/"
JPEG, TEMPLATE = "image/jpeg", "application/octet-stream"

session = requests.Session()
# A 503 with Retry-After is repeated after that time: nothing was done.
session.mount(URL, HTTPAdapter(max_retries=Retry(3, allowed_methods=None, raise_on_status=False)))
if key := os.environ.get("API_KEY"):
    session.headers["X-API-Key"] = key


class FaceVerError(Exception):
    """An answer that is not 200. Decide by code, the message may change; request_id finds the server's log line."""

    def __init__(self, answer):
        try:
            body = answer.json()
        except ValueError:  # not FaceVer's answer: a proxy's
            body = {}
        self.code = body.get("code", f"HTTP {answer.status_code}")
        self.message = body.get("message", answer.reason)
        self.request_id = answer.headers.get("X-Request-ID", "-")
        super().__init__(f"{self.code}: {self.message} (HTTP {answer.status_code}, request {self.request_id})")


def call(path, **request):
    """GET, or POST where there is something to send."""
    answer = session.request("POST" if request else "GET", URL + path, timeout=60, **request)
    if answer.status_code != 200:
        raise FaceVerError(answer)
    return answer


def extract(photo):
    return call(PATTERN + "extract", data=photo, headers={"Content-Type": JPEG}).content


def extract_base64(photo):
    headers = {"Content-Type": JPEG, "Content-Transfer-Encoding": "base64"}
    return base64.b64decode(call(PATTERN + "extract", data=base64.b64encode(photo), headers=headers).content)


def compare(feature, template):
    files = {"bio_feature": ("feature", feature, TEMPLATE), "bio_template": ("template", template, TEMPLATE)}
    answer = call(PATTERN + "compare", files=files).json()
    return answer["score"], answer["decision"]


def verify(photo, template):
    """(score, the template of the photo)"""
    files = {"sample": ("photo.jpg", photo, JPEG), "bio_template": ("template", template, TEMPLATE)}
    parts = form_parts(call(PATTERN + "verify", files=files))
    return json.loads(parts["score"])["score"], parts["bio_feature"]


def form_parts(answer):
    """The parts of a multipart/form-data answer, by name."""
    boundary = re.search('boundary="?([^";]+)', answer.headers["Content-Type"])[1].encode()
    parts = {}
    for part in (b"\r\n" + answer.content).split(b"\r\n--" + boundary)[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        parts[re.search(b'name="([^"]*)"', head)[1].decode()] = data
    return parts


def search(photo, gallery):
    """[{"filename", "score", "decision"}], in the order of the gallery. gallery: name -> template"""
    files = [("sample_1", ("photo.jpg", photo, JPEG))]
    files += [("templates_n", (name, template, TEMPLATE)) for name, template in gallery.items()]
    return call(PATTERN + "verify_n", files=files).json()["results"]


def liveness(photo):
    """(whether it passed, the PAD score, 1 = attack)"""
    answer = call(LIVENESS + "detect", data=photo, headers={"Content-Type": JPEG}).json()
    return answer["passed"], answer["score"]


def folder(video):
    """(the folder's result, the PAD score, 1 = attack, the best shot as JPEG)"""
    payload = {
        "media:tags": {"video1": ["video_selfie", "video_selfie_blank"]},
        "analyses": [{"type": "quality", "params": {"extract_best_shot": True}}],
    }
    files = {"video1": ("video.mp4", video, "video/mp4"), "payload": (None, json.dumps(payload), "application/json")}
    document = call(LIVENESS + "detect", files=files).json()
    analysis = document["analyses"][0]
    if analysis["state"] != "FINISHED":  # no face, several people
        raise ValueError(f"{analysis['error_code']}: {analysis['error_message']}")
    result = analysis["results_media"][0]
    shot = base64.b64decode(result["output_images"][0]["image_b64"])
    return document["system_resolution"], result["results_data"]["confidence_spoofing"], shot


def main():
    photo, selfie, other, video = (
        Path(os.environ.get(name, default)).read_bytes()
        for name, default in (
            ("PHOTO", "photo.jpg"),
            ("SELFIE", "selfie.jpg"),
            ("OTHER", "other.jpg"),
            ("VIDEO", "video.mp4"),
        )
    )
    print("health", call(PATTERN + "health").json()["status"])

    gallery = {}
    for name, image in (("photo.fvt", photo), ("other.fvt", other)):
        gallery[name] = extract(image)
        Path(name).write_bytes(gallery[name])
        print("template", name, len(gallery[name]))

    score, decision = compare(gallery["photo.fvt"], gallery["other.fvt"])
    print(f"compare {score:.6f} {decision}")

    score, template = verify(selfie, gallery["photo.fvt"])
    Path("selfie.fvt").write_bytes(template)
    print(f"verify {score:.6f} selfie.fvt {len(template)}")

    for match in search(selfie, gallery):
        print(f"search {match['filename']} {match['score']:.6f} {match['decision']}")

    print("base64", "equal" if extract_base64(photo) == gallery["photo.fvt"] else "different")

    passed, score = liveness(selfie)
    print(f"liveness {'passed' if passed else 'failed'} {score:.6f}")

    result, score, shot = folder(video)
    Path("best_shot.jpg").write_bytes(shot)
    print(f"folder {result} {score:.6f}")
    print("best shot best_shot.jpg", len(shot))


if __name__ == "__main__":
    try:
        main()
    except (FaceVerError, requests.RequestException, OSError, ValueError) as error:
        sys.exit(f"error {error}")
