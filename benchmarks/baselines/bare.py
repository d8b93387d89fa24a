"""Baseline "bare": the least an aiohttp handler can do with the same bytes.

    python bare.py PORT ANSWER

compare reads the body and sends ANSWER for any request. compare_n takes the parts one by one with aiohttp's
MultipartReader and compares them one by one with numpy; its templates are 512 float16 numbers, raw, about as long as
the product's.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from aiohttp import BodyPartReader, web


async def health(_: web.Request) -> web.Response:
    return web.json_response({"status": 0, "message": ""})


def vector(data: bytes | bytearray) -> Any:
    return np.frombuffer(data, np.float16).astype(np.float32)


async def compare_n(request: web.Request) -> web.Response:
    reader, probe, results = await request.multipart(), None, []
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        one = vector(await part.read())
        if probe is None:
            probe = one
            continue
        score = float(np.dot(probe, one) / (np.linalg.norm(probe) * np.linalg.norm(one)))
        results.append(
            {"filename": part.filename, "score": score, "decision": "approved" if score >= 0.41 else "declined"}
        )
    return web.json_response({"results": results})


def main() -> None:
    answer = sys.argv[2].encode()

    async def compare(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=answer, content_type="application/json")

    app = web.Application(client_max_size=2**30)
    app.router.add_get("/v1/face/pattern/health", health)
    app.router.add_post("/v1/face/pattern/compare", compare)
    app.router.add_post("/v1/face/pattern/compare_n", compare_n)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
