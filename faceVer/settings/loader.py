"""Reads the settings: FACEVER_* variables and an optional TOML file.

Order: default < the file named by FACEVER_CONFIG (its keys are the lower-case names of settings) < environment.
An unknown name or a value out of range prevents the start; nothing is guessed.
"""

from __future__ import annotations

import base64
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import Field, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings, declared

CLIENT_KEY = PREFIX + "CLIENT_KEY"
"""The API key that commands send to a server (`--url`); not a setting of this machine."""
_CONFIG = PREFIX + "CONFIG"
# Kubernetes sets these in every pod of a namespace that has a service named "facever".
_SERVICE_LINK = re.compile(r"FACEVER_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)")
_KNOWN: Mapping[str, Field[Any]] = {spec.name: spec for _, spec in declared()}


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings; `overrides` (command-line options, already typed) win. Raises SettingsError."""
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for name, text, source in chain(_from_file(env.get(_CONFIG, "")), _from_environment(env)):
        # An empty text stands for the default; for a list, it is an empty list.
        if text or isinstance(_KNOWN[name].default, tuple):
            values[name] = _parse(_KNOWN[name], text, source)
    values.update({name: value for name, value in overrides.items() if value is not None})
    for name, value in values.items():
        _check(_KNOWN[name], value, PREFIX + name.upper())
    return Settings.of(**values)


def _from_environment(env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(setting, text, source for messages) of each variable that is set."""
    for variable, text in env.items():
        if not variable.startswith(PREFIX) or variable in (_CONFIG, CLIENT_KEY) or _SERVICE_LINK.fullmatch(variable):
            continue
        if variable == PREFIX + "PORT" and text.startswith(("tcp://", "udp://")):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in _KNOWN or variable != variable.upper():
            raise SettingsError(f"unknown setting {variable}; `facever settings` lists them all")
        yield name, text, variable


def _from_file(path: str) -> Iterator[tuple[str, str, str]]:
    """(setting, text, source for messages) of each key of the file."""
    if not path:
        return
    try:
        table = tomllib.loads(Path(path).read_bytes().decode())
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"cannot read the settings file {path}: {error}") from error
    for name, value in table.items():
        source = f"{name} in {path}"
        if name not in _KNOWN:
            raise SettingsError(f"unknown setting {source}; `facever settings` lists them all")
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            text = ",".join(value)
        elif not isinstance(value, (str, int, float)) or (isinstance(value, bool) and _KNOWN[name].type != "bool"):
            raise SettingsError(f"{source}: a number or a text is expected")
        else:
            text = str(value)
        yield name, text, source


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _parse_bool(text: str) -> bool:
    value = {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
    if value is None:
        raise ValueError("neither true nor false")
    return value


def _parse_key(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        with suppress(ValueError):
            if len(key := decode(text.strip())) == 32:
                return key
    raise ValueError("a key is 32 bytes, as 64 hex digits or as base64")


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": _parse_bool,
    "bytes": _parse_key,
    "tuple": _parse_list,
}
"""By the first word of a setting's type. msgspec.convert would need as much code to give the same messages."""


def _parse(spec: Field[Any], text: str, source: str) -> Any:
    parse = _PARSERS[re.split(r"\W", str(spec.type))[0]]
    try:
        return parse(text)
    except ValueError as error:
        reason = "not a number" if parse in (int, float) else error
        value = "" if spec.metadata["secret"] else f": {text!r}"
        raise SettingsError(f"{source}: {reason}{value}") from None


def _check(spec: Field[Any], value: Any, source: str) -> None:
    low, high, choices = spec.metadata["low"], spec.metadata["high"], spec.metadata["choices"]
    if choices and value not in choices:
        raise SettingsError(f"{source}: one of {', '.join(choices)} is expected, not {value!r}")
    if low is not None and value is not None and not low <= value <= high:
        raise SettingsError(f"{source}: {value} is outside {low}..{high}")


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One row of docs/settings.md and of `facever settings`. default: as text, empty where there is none."""

    area: str
    variable: str
    default: str
    doc: str


def describe() -> list[SettingDescription]:
    """Every setting, in order of areas."""
    rows = []
    for area, spec in declared():
        default, low, choices = spec.default, spec.metadata["low"], spec.metadata["choices"]
        text = ",".join(default) if isinstance(default, tuple) else "" if default is None else str(default)
        doc = spec.metadata["doc"]
        if choices:
            doc += f" One of: {', '.join(choices)}."
        elif low is not None:
            doc = f"{doc.removesuffix('.')} ({low}..{spec.metadata['high']})."
        text = text.lower() if isinstance(default, bool) else text
        rows.append(SettingDescription(area, PREFIX + spec.name.upper(), text, doc))
    return rows


def non_default(settings: Settings) -> dict[str, Any]:
    """The settings that differ from their defaults; a secret's value is "***"."""
    return {
        spec.name: "***" if spec.metadata["secret"] else value
        for _, spec in declared()
        if (value := settings.value(spec.name)) != spec.default
    }
