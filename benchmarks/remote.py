"""Extracts with the models on an inference server of this host, beside the same server with its own models.

    python -m benchmarks.remote [--url http://host:port] [--threads 2] [--rounds 3] [--seconds 5]

Without --url an MLServer is started (`make test-remote` installs it). Rows alternate; both share the cores.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from pathlib import Path

from benchmarks.samples import people
from benchmarks.scaling import PER_THREAD, load, recipe
from benchmarks.servers import running
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.remote.export import export
from tests.support_remote import ModelServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    bodies, clients = list(people()), PER_THREAD * options.threads
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = options.url
        if url is None:
            manifest = load_manifest(weights_folder(""))
            export(manifest, manifest.pack("open").models, folder / "models")
            url = stack.enter_context(ModelServer(folder / "models")).url
        for _ in range(options.rounds):
            for name, variables in (("local", {}), ("remote", {"FACEVER_INFERENCE_URL": url})):
                with running(recipe(name, 1, options.threads, variables), folder) as server:
                    load(server, bodies, clients, 1.0, folder)
                    print(json.dumps({"models": name, **load(server, bodies, clients, options.seconds, folder)}))


if __name__ == "__main__":
    main()
