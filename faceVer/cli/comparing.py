"""`facever compare` and `facever verify`: 1:1 comparison."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from faceVer.cli.backend import Backend, Match, RefusedError, is_template, template_of
from faceVer.cli.connect import connect
from faceVer.cli.exit_codes import FAILED
from faceVer.cli.files import present, read, store
from faceVer.cli.options import Commands, command
from faceVer.cli.output import Output, shown


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    compare = command(commands, "compare", "compare two photos or templates", parent)
    compare.add_argument("left", metavar="A", help="photo or template")
    compare.add_argument("right", metavar="B", help="photo or template")
    compare.add_argument(
        "--show",
        type=Path,
        metavar="PICTURE",
        help="draw both faces, the score and where it lies (faces are found by the engine in this process)",
    )
    compare.add_argument("--force", action="store_true", help="replace an existing picture")
    compare.set_defaults(run=run_compare)

    verify = command(commands, "verify", "compare a new photo with a stored template", parent)
    verify.add_argument("photo", metavar="PHOTO")
    verify.add_argument("template", metavar="TEMPLATE")
    verify.add_argument("-o", "--output", type=Path, metavar="FILE", help="file for the photo's template")
    verify.set_defaults(run=run_verify)


def run_compare(options: argparse.Namespace) -> int:
    if options.show:
        from faceVer.cli.showing import check

        check(options)
    output, backend = Output(options), connect(options)
    try:
        files, templates = [], []
        for path in (options.left, options.right):
            try:
                files.append(read(path))
                templates.append(template_of(backend, files[-1]))
            except RefusedError as error:
                output.failed(path, error)
        if output.failures:
            return FAILED
        match = _match(backend, templates, (options.left, options.right), output)
        if match is None:
            return FAILED
        _tell(output, {"left": options.left, "right": options.right}, match)
        if options.show:
            from faceVer.cli.showing import show

            show(options, backend, files, templates, match)
        return match.status
    finally:
        backend.close()


def run_verify(options: argparse.Namespace) -> int:
    output, backend = Output(options), connect(options)
    path = options.photo
    try:
        photo = backend.extract(read(path))
        path = options.template
        stored = read(path)
        match = _match(backend, (photo, stored), (options.photo, options.template), output)
        if match is None:
            return FAILED
        if options.output:
            path = str(options.output)
            there = present(options.output)
            if there is not None and not is_template(there):
                raise RefusedError("EEXIST", "exists and is not a template")
            store(options.output, photo)
    except RefusedError as error:
        output.failed(path, error)
        return FAILED
    finally:
        backend.close()
    written = str(options.output) if options.output else None
    _tell(output, {"photo": options.photo, "template": options.template, "new_template": written}, match)
    return match.status


def _match(backend: Backend, templates: Sequence[bytes], paths: Sequence[str], output: Output) -> Match | None:
    """The comparison of two templates; None where one cannot be read, which it reports."""
    left, right = templates
    try:
        return backend.compare(left, [right])[0]
    except RefusedError as error:
        output.failed(paths[0] if _is_bad(backend, left) else paths[1], error)
        return None


def _is_bad(backend: Backend, template: bytes) -> bool:
    try:
        backend.compare(template, [template])
    except RefusedError:
        return True
    return False


def _tell(output: Output, names: Mapping[str, str | None], match: Match) -> None:
    left, right, *_ = names.values()
    output.done(
        {**names, "status": "ok", "score": match.score, "decision": match.decision},
        f"{match.score:.6f}  {match.decision}  {shown(left)}  {shown(right)}",
    )
