"""What the helpers of a server process may take."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.folders import MediaKind

MIB = 1 << 20
SLACK = 128 * MIB
"""Of an address space limit: the file, Python's own objects, stacks; not pixels."""
ORDINARY = 352 * MIB
"""Address space for a picture of up to 14 megapixels in WebP, 28 in other formats, or a video of up to 1080p."""
LIFETIME = 1000
"""Files after which a helper is replaced, so that no leak of a decoder adds up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """helpers: processes at a time. large: bytes of address space for the largest files that the settings allow, which
    `large_jobs` helpers may use at a time. picture_seconds, media_seconds: of CPU time, for a picture, and for a video
    or an archive."""

    helpers: int
    large: int
    large_jobs: int = 1
    picture_seconds: float = 5.0
    media_seconds: float = 30.0

    def seconds(self, kind: MediaKind) -> float:
        return self.picture_seconds if kind == "image" else self.media_seconds

    @property
    def most_bytes(self) -> int:
        """Address space of all helpers together, besides their code."""
        return (self.helpers - self.large_jobs) * ORDINARY + self.large_jobs * self.large
