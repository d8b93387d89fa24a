"""`facever compare --show`: finds the faces to draw, with the engine in this process, and draws."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pil
from PIL.PngImagePlugin import PngInfo

from faceVer.cli.backend import Backend, Match, RefusedError, is_template
from faceVer.cli.drawing import Panel, Verdict, draw
from faceVer.cli.exit_codes import UsageError
from faceVer.cli.files import present, store
from faceVer.cli.local import LocalBackend
from faceVer.cli.output import shown
from faceVer.domain.errors import FaceError, SetupError, TemplateError
from faceVer.media.image import decode

SIGN = ("Software", "facever compare --show")
"""A text in the pictures, by which they are known again. Of formats but PNG none is."""
_HEAD = 1024


def check(options: argparse.Namespace) -> None:
    """Whether the picture may be written where it is to go. Raises UsageError, RefusedError."""
    target: Path = options.show
    there = present(target)
    if there is None:
        return
    if any(os.path.exists(name) and target.samefile(name) for name in (options.left, options.right)):
        raise UsageError(f"--show: {target} is one of the files that are compared")
    if not options.force and not _is_ours(there):
        raise RefusedError("EEXIST", f"{target} exists and is no PNG picture of this command; --force replaces it")


def _is_ours(data: bytes) -> bool:
    return data.startswith(b"\x89PNG\r\n\x1a\n") and "\0".join(SIGN).encode() in data[:_HEAD]


def show(
    options: argparse.Namespace, backend: Backend, files: Sequence[bytes], templates: Sequence[bytes], match: Match
) -> None:
    """Write the picture `options.show`, PNG or the format of its ending. Raises SetupError, RefusedError."""
    target: Path = options.show
    local = backend if isinstance(backend, LocalBackend) else LocalBackend()
    chosen, known = local.engine.matcher.thresholds, local.engine.matcher.calibration.points
    verdict = Verdict(
        match.score,
        match.decision,
        (chosen.approve, chosen.operator) if local is backend else None,
        sorted(known, key=lambda point: point.score) if _is_read_by(local, templates[0]) else (),
    )
    left, right = (_panel(local, name, data) for name, data in zip((options.left, options.right), files, strict=True))
    picture, stream, signed = draw(left, right, verdict), io.BytesIO(), PngInfo()
    signed.add_text(*SIGN)
    kind = Pil.registered_extensions().get(target.suffix.lower(), "PNG")
    try:
        picture.save(stream, kind, pnginfo=signed)
    except (KeyError, OSError, ValueError) as error:
        raise SetupError(f"{target}: a picture cannot be written as {kind}") from error
    store(target, stream.getvalue())


def _is_read_by(local: LocalBackend, template: bytes) -> bool:
    """Whether the score is one of this engine's model, so that its false match rates are the score's, too."""
    try:
        local.engine.decode(template)
    except TemplateError:
        return False
    return True


def _panel(local: LocalBackend, name: str, data: bytes) -> Panel:
    if is_template(data):
        return Panel(shown(name), f"{len(data):,} bytes")
    image = decode(data, max_pixels=local.settings.media.max_pixels)
    height, width = image.shape[:2]
    try:
        subject = local.engine.subject(image)
    except FaceError as error:  # a server with other settings has found one
        return Panel(shown(name), f"{width} x {height} pixels; {error}", image)
    turned = f", turned by {subject.turned} degrees" if subject.turned else ""
    face = subject.face
    found = f"face {face.width:.0f} x {face.height:.0f}, confidence {face.confidence:.2f}"
    return Panel(shown(name), f"{width} x {height} pixels{turned}; {found}", subject.image, face)
