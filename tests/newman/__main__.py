"""Runs the Postman collection with newman, against a real server without keys and one with: `make newman`.

newman is installed from docs/postman/package-lock.json into .newman/, which git ignores. Ends with 1 where an assertion
fails, with 2 where it cannot run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from faceVer.http.pipeline.authentication import new
from tests.newman.files import write
from tests.support_server import Server

ROOT = Path(__file__).parents[2]
SOURCE, HOME = ROOT / "docs" / "postman", ROOT / ".newman"
COLLECTION = SOURCE / "facever.postman_collection.json"
PACKAGE = ("package.json", "package-lock.json")
FAILED, UNABLE = 1, 2


def install() -> Path | None:
    """newman's program, installed where it is not; None where that cannot be done, and why is told."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("newman needs node and npm, and they are not installed", file=sys.stderr)
        return None
    program = HOME / "node_modules" / ".bin" / "newman"
    HOME.mkdir(exist_ok=True)
    same = all(
        (HOME / name).is_file() and (HOME / name).read_bytes() == (SOURCE / name).read_bytes() for name in PACKAGE
    )
    if same and program.exists():
        return program
    for name in PACKAGE:
        shutil.copyfile(SOURCE / name, HOME / name)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=HOME)
    if done.returncode:
        print("npm could not install newman", file=sys.stderr)
        return None
    return program


def run(program: Path, server: Server, files: Path, key: str = "") -> tuple[int, int]:
    """(assertions, those that failed, requests that were not answered among them) of the collection."""
    report = files / "report.json"
    variables = {"baseUrl": server.url, "apiKey": key}
    command = [str(program), "run", str(COLLECTION), "--working-dir", str(files), "--reporters", "cli,json"]
    command += ["--reporter-json-export", str(report), "--reporter-cli-no-banner", "--color", "off"]
    command += [word for name, value in variables.items() for word in ("--env-var", f"{name}={value}")]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_UPDATE_NOTIFIER": "1"})
    told = json.loads(report.read_text("utf-8"))["run"]
    return told["stats"]["assertions"]["total"], len(told["failures"])


def main() -> int:
    program = install()
    if program is None:
        return UNABLE
    key, line = new("newman")
    total = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        for given, settings in (("", {}), (key, {"api_keys": line, "console": "on"})):
            with Server(**settings) as server:
                if not given:
                    write(files, server)
                found, wrong = run(program, server, files, given)
            total, failed = total + found, failed + wrong
    print(f"newman: {total} assertions, {failed} failed")
    return FAILED if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
