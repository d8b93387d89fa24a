"""Templates of several models: those of the pack's own, and of the older ones that the server reads beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import OtherModelError
from faceVer.matching.template import TemplateCodec

WAY_OUT = "facever reextract makes it again from its photo; FACEVER_ALSO_READ reads it until then"
"""For the operator, after the names of the models."""
AGAIN = "send the photo instead of one, or make the older one again with facever reextract"
"""For the client."""


class TemplateReaders:
    """Reads templates of the models of `codecs`, which share a key. The first is the one that templates are made by."""

    def __init__(self, codecs: Sequence[TemplateCodec]) -> None:
        self.codecs = tuple(codecs)

    def decode(self, blob: bytes) -> tuple[int, NDArray[np.float32]]:
        """The place in `codecs` of the model that made a template, and its unit vector, (D,) float32.

        Raises TemplateError; OtherModelError, which names both models, where none of them made it.
        """
        made_by = ""
        for place, codec in enumerate(self.codecs):
            try:
                return place, codec.decode(blob)
            except OtherModelError as error:
                made_by = error.exposed
        raise self.foreign(made_by)

    def places(self, blobs: Sequence[bytes]) -> dict[int, list[int]]:
        """Place in `codecs` -> which of `blobs` are that model's, in their order. Raises what `decode` raises.

        Of templates that are not encrypted it reads the first bytes only; reading their numbers checks the rest.
        """
        found: dict[int, list[int]] = {}
        for number, blob in enumerate(blobs):
            place = next((place for place, codec in enumerate(self.codecs) if codec.may_read(blob)), None)
            found.setdefault(self.decode(blob)[0] if place is None else place, []).append(number)
        return found

    def foreign(self, made_by: str) -> OtherModelError:
        """The error of a template of a model that is not read. made_by: what the codec's error exposes."""
        known = " or ".join(codec.identity for codec in self.codecs)
        return OtherModelError(exposed=f"{made_by}, not by {known}; {WAY_OUT}")

    def apart(self, one: int, other: int) -> OtherModelError:
        """The error of two templates of different models, by their places."""
        names = self.codecs[one].identity, self.codecs[other].identity
        return OtherModelError(exposed=f"made by {names[0]} and {names[1]}, which cannot be compared; {AGAIN}")
