"""`facever compare` and `facever verify`: 1:1 comparison."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceVer.cli.backend import Backend, FileError, Probe, is_template
from faceVer.cli.connect import connect
from faceVer.cli.exit_codes import FAILED, OF_DECISION
from faceVer.cli.files import read, read_existing, store
from faceVer.cli.options import Commands, command, face
from faceVer.cli.output import Output, printable

if TYPE_CHECKING:
    from faceVer.client import Comparison


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    compare = command(commands, "compare", "compare two photos or templates", parent)
    compare.add_argument("left", metavar="A", help="photo or template")
    compare.add_argument("right", metavar="B", help="photo or template")
    face(compare, "photo A")
    face(compare, "photo B", "--other-face")
    compare.add_argument(
        "--show",
        type=Path,
        metavar="PICTURE",
        help="draw both faces, the score and its place on the scale (faces are detected by the engine in this process)",
    )
    compare.add_argument("--force", action="store_true", help="replace any file that is at PICTURE")
    compare.set_defaults(run=run_compare)

    verify = command(commands, "verify", "compare a new photo with a stored template", parent)
    verify.add_argument("photo", metavar="PHOTO")
    verify.add_argument("template", metavar="TEMPLATE")
    face(verify, "the photo")
    verify.add_argument("-o", "--output", type=Path, metavar="FILE", help="file for the photo's template")
    verify.set_defaults(run=run_verify)


def run_compare(options: argparse.Namespace) -> int:
    if options.show:
        from faceVer.cli.comparison_picture import check

        check(options)
    output = Output(options)
    with connect(options) as backend:
        files, probes = [], []
        for path, chosen in ((options.left, options.face), (options.right, options.other_face)):
            try:
                files.append(read(path))
                probes.append(Probe.of(backend, files[-1], chosen))
            except FileError as error:
                output.failed(path, error)
        if output.failures:
            return FAILED
        comparison = _compare(backend, probes, (options.left, options.right), output)
        if comparison is None:
            return FAILED
        _print(output, {"left": options.left, "right": options.right}, comparison)
        if options.show:
            from faceVer.cli.comparison_picture import show

            show(options, backend, files, [probe.template for probe in probes], comparison)
        return OF_DECISION[comparison.decision]


def run_verify(options: argparse.Namespace) -> int:
    output, path = Output(options), options.photo
    try:
        with connect(options) as backend:
            data = read(path)
            photo = Probe(backend.extract(data, options.face), data, options.face)
            path = options.template
            comparison = _compare(backend, (photo, Probe(read(path))), (options.photo, options.template), output)
        if comparison is None:
            return FAILED
        if options.output:
            path = str(options.output)
            existing = read_existing(options.output)
            if existing is not None and not is_template(existing):
                raise FileError("EEXIST", "exists and is not a template")
            store(options.output, photo.template)
    except FileError as error:
        output.failed(path, error)
        return FAILED
    written = str(options.output) if options.output else None
    _print(output, {"photo": options.photo, "template": options.template, "new_template": written}, comparison)
    return OF_DECISION[comparison.decision]


def _compare(backend: Backend, probes: Sequence[Probe], paths: Sequence[str], output: Output) -> Comparison | None:
    """Compare two templates; None where one of them cannot be read, which is printed."""
    left, right = probes
    try:
        if left.photo is None and right.photo is not None:  # the one with a photo can be compared by more models
            return right.compare(backend, [left.template])[0]
        return left.compare(backend, [right.template])[0]
    except FileError as error:
        output.failed(paths[1] if _is_readable(backend, left.template) else paths[0], error)
        return None


def _is_readable(backend: Backend, template: bytes) -> bool:
    try:
        backend.compare(template, [template])
    except FileError:
        return False
    return True


def _print(output: Output, names: Mapping[str, str | None], comparison: Comparison) -> None:
    left, right, *_ = names.values()
    output.done(
        {**names, "status": "ok", "score": comparison.score, "decision": comparison.decision},
        f"{comparison.score:.6f}  {comparison.decision}  {printable(left)}  {printable(right)}",
    )
