"""`facever compare --show`: detects the faces with the engine in this process, and writes the picture."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PIL import Image as Pil
from PIL.PngImagePlugin import PngInfo

from faceVer.cli.backend import Backend, FileError, is_template
from faceVer.cli.drawing import Panel, Verdict, draw
from faceVer.cli.exit_codes import UsageError
from faceVer.cli.files import read_existing, store
from faceVer.cli.local import LocalBackend, choice_of
from faceVer.cli.output import printable
from faceVer.domain.errors import FaceError, SetupError
from faceVer.services.rules import media_limits

if TYPE_CHECKING:
    from faceVer.client import Comparison
    from faceVer.domain.values import Decision

MARK = ("Software", "facever compare --show")
"""A text in PNG pictures of this command, by which it recognizes them. Other formats have none."""


def check(options: argparse.Namespace) -> None:
    """Raises UsageError or FileError where the picture may not be written to its target."""
    target: Path = options.show
    existing = read_existing(target)
    if existing is None:
        return
    if any(os.path.exists(name) and target.samefile(name) for name in (options.left, options.right)):
        raise UsageError(f"--show: {target} is one of the files that are compared")
    is_own = existing.startswith(b"\x89PNG\r\n\x1a\n") and "\0".join(MARK).encode() in existing[:1024]
    if not options.force and not is_own:
        raise FileError("EEXIST", f"{target} exists and is no PNG picture of this command; --force replaces it")


def show(
    options: argparse.Namespace,
    backend: Backend,
    files: Sequence[bytes],
    templates: Sequence[bytes],
    comparison: Comparison,
) -> None:
    """Write the picture to `options.show`, in the format of its extension, else PNG. Raises SetupError, FileError."""
    target: Path = options.show
    local = backend if isinstance(backend, LocalBackend) else LocalBackend()
    matcher = local.engine.matcher
    verdict = Verdict(
        comparison.score,
        cast("Decision", comparison.decision),
        (matcher.thresholds.approve, matcher.thresholds.operator) if local is backend else None,
        sorted(matcher.calibration.points, key=lambda point: point.score)
        if all(map(local.engine.is_own, templates))
        else (),
    )
    names = ((options.left, options.face), (options.right, options.other_face))
    left, right = (_panel(local, *name, data) for name, data in zip(names, files, strict=True))
    stream, info = io.BytesIO(), PngInfo()
    info.add_text(*MARK)
    kind = Pil.registered_extensions().get(target.suffix.lower(), "PNG")
    try:
        draw(left, right, verdict).save(stream, kind, pnginfo=info)
    except (KeyError, OSError, ValueError) as error:
        raise SetupError(f"{target}: a picture cannot be written as {kind}") from error
    store(target, stream.getvalue())


def _panel(local: LocalBackend, name: str, chosen: str | None, data: bytes) -> Panel:
    if is_template(data):
        return Panel(printable(name), f"{len(data):,} bytes")
    image, (_, width) = local.engine.decoder.picture(data, media_limits(local.settings))
    size = f"{image.shape[1]} x {image.shape[0]} pixels"
    try:
        subject = local.engine.subject(image, choice_of(chosen), width / image.shape[1])
    except FaceError as error:  # a server with other settings has found a face
        return Panel(printable(name), f"{size}; {error}", image)
    turned = f", turned by {subject.turned} degrees" if subject.turned else ""
    face = subject.face
    found = f"face {face.width:.0f} x {face.height:.0f}, confidence {face.confidence:.2f}"
    return Panel(printable(name), f"{size}{turned}; {found}", subject.image, face)
