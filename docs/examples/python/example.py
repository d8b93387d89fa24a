"""FaceVer from Python, with faceVer.client.

Environment: URL, API_KEY (where the server asks for one), PHOTO, SELFIE and OTHER, VIDEO. Templates and the best shot
are written to the current folder. Exit status 0, or 1 with the error on standard error.
"""

import os
import sys
from pathlib import Path

from faceVer.client import ApiError, Client, ClientError, Quality

URL = os.environ.get("URL", "http://127.0.0.1:8080")
KEY = os.environ.get("API_KEY")


def main():
    photo, selfie, other, video = (
        Path(os.environ.get(name, default))
        for name, default in (
            ("PHOTO", "photo.jpg"),
            ("SELFIE", "selfie.jpg"),
            ("OTHER", "other.jpg"),
            ("VIDEO", "video.mp4"),
        )
    )
    # The client repeats what an overloaded server refuses, as often as `retries` says, when Retry-After has passed.
    with Client(URL, api_key=KEY, timeout=60, retries=3) as client:
        health = client.health()
        if not health.ok:
            sys.exit(f"error health {health.status}: {health.message}")
        print("health", health.status)

        gallery = {}
        for name, image in (("photo.fvt", photo), ("other.fvt", other)):
            gallery[name] = client.extract(image)
            Path(name).write_bytes(gallery[name])
            print("template", name, len(gallery[name]))

        compared = client.compare(gallery["photo.fvt"], gallery["other.fvt"])
        print(f"compare {compared.score:.6f} {compared.decision}")

        verified = client.verify(selfie, gallery["photo.fvt"])
        Path("selfie.fvt").write_bytes(verified.template)
        print(f"verify {verified.score:.6f} selfie.fvt {len(verified.template)}")

        for match in client.search(selfie, gallery.items()):
            print(f"search {match.filename} {match.score:.6f} {match.decision}")

        with Client(URL, api_key=KEY, base64=True) as by_base64:
            again = by_base64.extract(photo)
        print("base64", "equal" if again == gallery["photo.fvt"] else "different")

        liveness = client.liveness(selfie)
        print(f"liveness {'passed' if liveness.passed else 'failed'} {liveness.score:.6f}")

        folder = client.analyse(
            {"video1": video},
            [Quality(extract_best_shot=True)],
            tags={"video1": ["video_selfie", "video_selfie_blank"]},
        )
        analysis = folder.analyses[0]
        if analysis.state != "FINISHED":  # no face, several people
            sys.exit(f"error {analysis.error_code}: {analysis.error_message}")
        shot = folder.best_shots[0].image
        Path("best_shot.jpg").write_bytes(shot)
        print(f"folder {folder.resolution} {analysis.confidence_spoofing:.6f}")
        print("best shot best_shot.jpg", len(shot))


if __name__ == "__main__":
    try:
        main()
    except ApiError as error:  # NoFace, BadTemplate, Overloaded and so on are kinds of it
        # Decide by code or class, the message may change; request_id finds the server's log line.
        sys.exit(f"error {error.code}: {error.message} (HTTP {error.status}, request {error.request_id})")
    except (ClientError, OSError) as error:
        sys.exit(f"error {error}")
