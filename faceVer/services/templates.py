"""Comparison of binary templates: of the pack's model, and of the older ones of FACEVER_ALSO_READ, each with its own
calibration. All endpoints and commands that take templates compare here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import OtherModelError
from faceVer.domain.values import Comparison
from faceVer.matching.readers import TemplateReaders
from faceVer.matching.scores import Matcher
from faceVer.observability.timings import count_compared, stage

Vector = NDArray[np.float32]
OWN = 0
"""The place of the pack's model, which templates are made by, among `readers` and `matchers`."""


class TemplateComparer:
    """readers, matchers: of the same models, in the same order; the pack's model is the first."""

    def __init__(self, readers: TemplateReaders, matchers: Sequence[Matcher]) -> None:
        self._readers, self._matchers = readers, matchers

    def encode(self, vector: Vector) -> bytes:
        """The template of a vector of the pack's model."""
        with stage("template"):
            return self._readers.codecs[OWN].encode(vector)

    def decode(self, template: bytes) -> tuple[int, Vector]:
        """The place of the model that made a template, and its vector. Raises TemplateError."""
        with stage("template"):
            return self._readers.decode(template)

    def compare(self, feature: bytes, template: bytes) -> Comparison:
        """Two templates of one model, 1:1. Raises TemplateError."""
        (place, left), (other, right) = self.decode(feature), self.decode(template)
        if place != other:
            raise self._readers.apart(place, other)
        _count(other, 1)
        with stage("match"):
            return self._matchers[place].compare(left, right)

    def compare_n(self, template: bytes, templates: Sequence[bytes]) -> list[Comparison]:
        """One template against N of its model, in their order. Raises TemplateError."""
        place, vector = self.decode(template)

        def probe(of: int) -> Vector:
            if of != place:
                raise self._readers.apart(place, of)
            return vector

        return self.against(probe, templates)

    def against(self, probe: Callable[[int], Vector], templates: Sequence[bytes]) -> list[Comparison]:
        """A face against N templates, in their order. Raises TemplateError, and what `probe` raises.

        probe: the face's vector by the model at a place, as a template would carry it; called once for each model that
        made one of the templates.
        """
        if len(self._matchers) == 1:
            return self._of_model(OWN, probe(OWN), templates)
        places = self._readers.places(templates)
        vectors = {place: probe(place) for place in places}
        outcomes: dict[int, Comparison] = {}
        for place, numbers in places.items():
            found = self._of_model(place, vectors[place], [templates[number] for number in numbers])
            outcomes.update(zip(numbers, found, strict=True))
        return [outcomes[number] for number in range(len(templates))]

    def _of_model(self, place: int, probe: Vector, templates: Sequence[bytes]) -> list[Comparison]:
        try:
            with stage("match"):
                found = self._matchers[place].compare_blocks(probe, self._readers.codecs[place].blocks(templates))
        except OtherModelError as error:
            raise self._readers.foreign(error.exposed) from error
        _count(place, len(templates))
        return found


def _count(place: int, number: int) -> None:
    count_compared(*((number, 0) if place == OWN else (0, number)))
