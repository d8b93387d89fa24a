"""Where files of clients are decoded: plain pictures in this process, everything else in the sandbox."""

from __future__ import annotations

from faceVer.domain.folders import MediaKind
from faceVer.domain.values import Image
from faceVer.media.image import WORKING_SIDE
from faceVer.media.limits import MediaLimits
from faceVer.media.medium import Medium, decode_medium
from faceVer.media.plain import is_plain
from faceVer.media.sandbox.pool import Sandbox
from faceVer.observability.timings import stage


class Decoder:
    """For any number of threads. sandbox: None = everything is decoded in this process."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self._sandbox = sandbox

    def medium(self, data: bytes, kind: MediaKind, limits: MediaLimits, side: int = WORKING_SIDE) -> Medium:
        """A media item. side: see `image.decode_down`. Raises SampleError, SandboxBusyError."""
        with stage("decode"):
            if self._sandbox is None or (kind == "image" and is_plain(data)):
                return decode_medium(data, kind, limits, side)
            return self._sandbox.decode(data, kind, limits, side)

    def picture(self, data: bytes, limits: MediaLimits, side: int = WORKING_SIDE) -> tuple[Image, tuple[int, int]]:
        """(the image, see `image.decode_down`; its height and width in the file).

        Raises SampleError, SandboxBusyError.
        """
        medium = self.medium(data, "image", limits, side)
        return medium.frames[0].image, (medium.height, medium.width)

    def start(self) -> None:
        """Start the sandbox, so that the first file need not wait for it. Raises SetupError."""
        if self._sandbox is not None:
            self._sandbox.start()

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
