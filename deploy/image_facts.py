"""Print the layer sizes, environment, command, health check or user of an image (`buildah push IMAGE dir:FOLDER`).

    python3 image_facts.py FOLDER env|cmd|health|user|layers

Prints one item per line; `layers` prints a Markdown table. Standard library only.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """(manifest, configuration)."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return manifest, json.loads((folder / _hex(manifest["config"])).read_text())


def _hex(descriptor: dict[str, Any]) -> str:
    return str(descriptor["digest"]).removeprefix("sha256:")


def _unpacked(path: Path) -> int:
    size = 0
    with gzip.open(path) as stream:
        while block := stream.read(1 << 20):
            size += len(block)
    return size


def _layers(folder: Path) -> Iterator[str]:
    manifest, config = _read(folder)
    steps = [step.get("created_by", "") for step in config["history"] if not step.get("empty_layer")]
    yield "| layer | MB | compressed |"
    yield "| --- | --- | --- |"
    total = packed = 0
    for step, layer in zip(steps, manifest["layers"], strict=True):
        size = _unpacked(folder / _hex(layer))
        total, packed = total + size, packed + layer["size"]
        words = " ".join(step.removeprefix("/bin/sh").removeprefix(" -c ").removeprefix("#(nop) ").split())
        yield f"| {words[:60] or 'base'} | {size / 1e6:.1f} | {layer['size'] / 1e6:.1f} |"
    yield f"| all | {total / 1e6:.1f} | {packed / 1e6:.1f} |"


def main() -> None:
    folder, what = Path(sys.argv[1]), sys.argv[2]
    _, document = _read(folder)
    config = document["config"]
    items = {
        "env": lambda: config["Env"],
        "cmd": lambda: config["Cmd"],
        "health": lambda: config["Healthcheck"]["Test"][1:],
        "user": lambda: [config["User"]],
        "layers": lambda: _layers(folder),
    }
    print(*items[what](), sep="\n")


if __name__ == "__main__":
    main()
