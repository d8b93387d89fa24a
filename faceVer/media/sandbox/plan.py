"""What the helpers of a server process may take."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.folders import MediaKind

MIB = 1 << 20
SLACK = 64 * MIB
"""Of what a job may take: the file, Python's own objects, stacks; neither pixels nor the result."""
ORDINARY = 336 * MIB
"""For a picture of up to 12 megapixels in WebP, 24 in other formats, or a video of up to 1080p, by default."""
LIFETIME = 1000
"""Files after which a helper is replaced, so that no leak of a decoder adds up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """helpers: processes at a time. large: bytes for the largest files that the settings allow, which `large_jobs` of
    them may take at a time; others take `ORDINARY`. result: bytes of those that are for the pixels returned.
    picture_seconds, media_seconds: of CPU time, for a picture, and for a video or an archive.
    """

    helpers: int
    large: int
    result: int
    large_jobs: int = 1
    picture_seconds: float = 5.0
    media_seconds: float = 30.0

    def seconds(self, kind: MediaKind) -> float:
        return self.picture_seconds if kind == "image" else self.media_seconds

    @property
    def most_bytes(self) -> int:
        """Of all helpers together, besides their code."""
        return (self.helpers - self.large_jobs) * ORDINARY + self.large_jobs * self.large
