"""`facever compare --show`: finds the faces to draw, with the engine in this process, and draws."""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pil

from faceVer.cli.backend import Backend, Match, is_template
from faceVer.cli.drawing import Panel, Verdict, draw
from faceVer.cli.files import write
from faceVer.cli.local import LocalBackend
from faceVer.cli.output import shown
from faceVer.errors import FaceError, SetupError, TemplateError
from faceVer.media.image import decode


def show(
    options: argparse.Namespace, backend: Backend, files: Sequence[bytes], templates: Sequence[bytes], match: Match
) -> None:
    """Write the picture `options.show`, PNG or whatever its ending says. Raises SetupError, OSError."""
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
    picture, stream = draw(left, right, verdict), io.BytesIO()
    kind = Pil.registered_extensions().get(target.suffix.lower(), "PNG")
    try:
        picture.save(stream, kind)
    except (KeyError, OSError, ValueError) as error:
        raise SetupError(f"{target}: a picture cannot be written as {kind}") from error
    write(target, stream.getvalue())


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
    image = decode(data, max_pixels=local.settings.max_pixels)
    height, width = image.shape[:2]
    try:
        subject = local.engine.subject(image)
    except FaceError as error:  # a server with other settings has found one
        return Panel(shown(name), f"{width} x {height} pixels; {error}", image)
    turned = f", turned by {subject.turned} degrees" if subject.turned else ""
    face = subject.face
    found = f"face {face.width:.0f} x {face.height:.0f}, confidence {face.confidence:.2f}"
    return Panel(shown(name), f"{width} x {height} pixels{turned}; {found}", subject.image, face)
