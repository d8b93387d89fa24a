"""Baseline "face_recognition": the package of that name (dlib's HOG detector and ResNet) behind aiohttp, extract only.

python dlib_server.py PORT
"""

from __future__ import annotations

import io
import sys

import face_recognition  # type: ignore[import-not-found]
from aiohttp import web


async def health(_: web.Request) -> web.Response:
    return web.json_response({"status": 0, "message": ""})


async def extract(request: web.Request) -> web.Response:
    image = face_recognition.load_image_file(io.BytesIO(await request.read()))
    encodings = face_recognition.face_encodings(image)
    if not encodings:
        raise web.HTTPBadRequest(text="no face")
    return web.Response(body=encodings[0].tobytes(), content_type="application/octet-stream")


def main() -> None:
    app = web.Application(client_max_size=2**30)
    app.router.add_get("/v1/face/pattern/health", health)
    app.router.add_post("/v1/face/pattern/extract", extract)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
