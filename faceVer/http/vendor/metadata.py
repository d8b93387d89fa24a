"""The part `metadata` of the vendor profile's `detect`: the instructions that the person got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from faceVer.domain.gestures import Gesture
from faceVer.services.folders.strict_json import check_values, load_object
from faceVer.services.folders.validation import FieldError, validated
from faceVer.services.folders.wire_types import doc

MOVES: Mapping[str, Gesture] = {
    "TURN_RIGHT": Gesture.RIGHT,
    "TURN_LEFT": Gesture.LEFT,
    "TURN_UP": Gesture.UP,
    "TURN_DOWN": Gesture.DOWN,
    "SMILE": Gesture.SMILE,
    "BLINK": Gesture.BLINK,
    "DISTORTION": Gesture.ZOOM,
    "RAISE_EYEBROW": Gesture.BROWS,
}
PASSIVE, MOVE, TEXT = "passive-instructions", "move-instructions", "text-instructions"
TYPES: Mapping[str, frozenset[str]] = {
    PASSIVE: frozenset({"photo-type", "deepfake-type"}),
    MOVE: frozenset(MOVES),
    TEXT: frozenset({"numbers-digits"}),
}
"""The types of actions, by the mnemonic."""
MAX_ACTIONS = 16


class Action(Struct, frozen=True, kw_only=True):
    """An instruction that was shown to the person. Unknown fields are ignored."""

    type: Annotated[
        str, Meta(description="What to do.", extra_json_schema={"enum": sorted(set().union(*TYPES.values()))})
    ]
    duration: Annotated[int, Meta(ge=0, description="Milliseconds for which the instruction is shown.")]
    message: Annotated[str, doc("The text of the instruction; not interpreted.")]
    text: Annotated[str | None, doc("`numbers-digits`: the words to say, required.")] = None


class Metadata(Struct, frozen=True, kw_only=True):
    """The instructions that the person got. Unknown fields are ignored."""

    mnemonic: Annotated[str, Meta(description="The kind of the instructions.", extra_json_schema={"enum": [*TYPES]})]
    actions: Annotated[
        tuple[Action, ...], Meta(min_length=1, max_length=MAX_ACTIONS, description="The instructions, in their order.")
    ]

    def __post_init__(self) -> None:
        if self.mnemonic not in TYPES:
            raise FieldError("no such mnemonic", "mnemonic")
        if any(action.type not in TYPES[self.mnemonic] for action in self.actions):
            raise FieldError("an action that the mnemonic does not have", "actions")
        if self.mnemonic == TEXT and any(action.text is None for action in self.actions):
            raise FieldError("an action without a text", "actions")

    @property
    def is_for_photo(self) -> bool:
        """Whether the instructions take no time, so that the sample is a photo."""
        return self.mnemonic == PASSIVE and all(action.duration == 0 for action in self.actions)


def read_metadata(data: bytes) -> Metadata:
    """Parse the part. Raises PayloadError."""
    root = load_object(data, "metadata")
    check_values(root, "metadata")
    return validated(root, Metadata)
