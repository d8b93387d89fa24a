"""Execution providers of ONNX Runtime as a setting: `Name` or `Name:option=value:option=value`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from faceVer.domain.errors import SetupError

CPU = "CPUExecutionProvider"


class Provider(NamedTuple):
    """One provider and its options, as ONNX Runtime takes them."""

    name: str
    options: dict[str, str]


def parse_providers(texts: Iterable[str]) -> list[Provider]:
    """The providers of a setting, in order. Raises SetupError."""
    providers = []
    for text in texts:
        name, *pairs = text.split(":")
        options = dict(pair.partition("=")[::2] for pair in pairs)
        if not name or not all(key and value for key, value in options.items()):
            raise SetupError(f"execution provider {text!r}: Name or Name:option=value is expected")
        providers.append(Provider(name, options))
    if not providers:
        raise SetupError("no execution provider is configured")
    return providers


def check_available(providers: Sequence[Provider], available: Sequence[str]) -> None:
    """Raises SetupError where the build of ONNX Runtime lacks a provider."""
    missing = [provider.name for provider in providers if provider.name not in available]
    if missing:
        raise SetupError(
            f"execution provider {', '.join(missing)} is not in this build of ONNX Runtime; "
            f"it has {', '.join(available)}"
        )


def check_used(providers: Sequence[Provider], used: Sequence[str], model: str) -> None:
    """Raises SetupError where ONNX Runtime replaced a provider by another, as it does where a device cannot be used."""
    lost = [provider.name for provider in providers if provider.name not in used]
    if lost:
        raise SetupError(
            f"{model}: {', '.join(lost)} is configured, but ONNX Runtime uses {', '.join(used)}: the device or one of "
            "its libraries is missing"
        )
