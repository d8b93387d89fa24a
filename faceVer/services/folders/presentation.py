"""How folders are presented: what differs between the stateless routes and stored folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from faceVer.domain.folders import Folder

Address = Callable[[str, str], str]
"""(folder id, key of a stored file) -> the absolute address of the file."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """source_ids: whether each result also has the id of its media item by type (`source_video_id`). Clients of the Oz
    API match results by that field; API Lite's document does not have it.

    address: of stored files; None where nothing is stored.
    """

    source_ids: bool
    address: Address | None = None

    def url(self, folder: Folder, key: str | None) -> str | None:
        """The address of a stored file, None where there is none."""
        return self.address(folder.folder_id, key) if self.address and key else None


STATELESS_LITE = Presentation(source_ids=False)
STATELESS_OZ = Presentation(source_ids=True)
