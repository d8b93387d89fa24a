"""Reads the settings: FACEVER_* variables and an optional TOML file.

Order: default < the file named by FACEVER_CONFIG (keys are the settings' lower-case names) < environment.
An unknown name or a value out of range stops the start; nothing is guessed.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings, declared

CLIENT_KEY = PREFIX + "CLIENT_KEY"
"""The API key that commands send to a server (`--url`); no setting of this machine's."""
_CONFIG = PREFIX + "CONFIG"
# Kubernetes puts these into every pod of a namespace that has a service named "facever".
_SERVICE_LINK = re.compile(r"FACEVER_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)")


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings; `overrides` (command-line options, already typed) win. Raises SettingsError."""
    env = os.environ if environ is None else environ
    known = {spec.name: spec for _, spec in declared()}
    values: dict[str, Any] = {}
    config = env.get(_CONFIG, "")
    if config:
        values.update(_from_file(Path(config), known))
    for variable, text in env.items():
        if not variable.startswith(PREFIX) or variable in (_CONFIG, CLIENT_KEY) or _SERVICE_LINK.fullmatch(variable):
            continue
        if variable == PREFIX + "PORT" and text.startswith(("tcp://", "udp://")):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known or variable != variable.upper():
            raise SettingsError(f"unknown setting {variable}; `facever settings` lists them all")
        if _says_something(known[name], text):
            values[name] = _parse(known[name], text, variable)
    values.update({name: value for name, value in overrides.items() if value is not None})
    for name, value in values.items():
        _check(known[name], value, PREFIX + name.upper())
    return Settings.of(**values)


def _from_file(path: Path, known: Mapping[str, Field[Any]]) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream)
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"cannot read the settings file {path}: {error}") from error
    result: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise SettingsError(f"unknown setting {name} in {path}; `facever settings` lists them all")
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            text = ",".join(value)
        elif not isinstance(value, (str, int, float)) or (isinstance(value, bool) and known[name].type != "bool"):
            raise SettingsError(f"{name} in {path}: a number or a text is expected")
        else:
            text = str(value)
        if _says_something(known[name], text):
            result[name] = _parse(known[name], text, f"{name} in {path}")
    return result


def _says_something(spec: Field[Any], text: str) -> bool:
    """Nothing in place of a value is its default; in place of a list it is an empty one."""
    return text != "" or isinstance(spec.default, tuple)


def _parse(spec: Field[Any], text: str, where: str) -> Any:
    kind = str(spec.type)
    try:
        if kind.startswith("tuple"):
            return tuple(item.strip() for item in text.split(",") if item.strip())
        if kind.startswith("bytes"):
            return _key(text)
        if kind.startswith("bool"):
            return _flag(text)
        if kind.startswith("int"):
            return int(text)
        if kind.startswith("float"):
            return float(text)
    except ValueError as error:
        shown = "" if spec.metadata["secret"] else f": {text!r}"
        reason = error if spec.metadata["secret"] or kind.startswith("bool") else "not a number"
        raise SettingsError(f"{where}: {reason}{shown}") from None
    return text


def _flag(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
    except KeyError:
        raise ValueError("neither true nor false") from None


def _key(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            key = decode(text.strip())
        except (ValueError, binascii.Error):
            continue
        if len(key) == 32:
            return key
    raise ValueError("a key is 32 bytes, as 64 hex digits or as base64")


def _check(spec: Field[Any], value: Any, where: str) -> None:
    low, high, choices = spec.metadata["low"], spec.metadata["high"], spec.metadata["choices"]
    if choices and value not in choices:
        raise SettingsError(f"{where}: one of {', '.join(choices)} is expected, not {value!r}")
    if value is None or isinstance(value, (str, bytes, tuple)):
        return
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise SettingsError(f"{where}: {value} is outside {low}..{high}")


def describe() -> list[tuple[str, str, str]]:
    """(variable, default as text, doc) of every setting, in order: what the docs and `facever settings` show."""
    rows = []
    for _, spec in declared():
        default = "" if spec.default in (None, MISSING) else spec.default
        text = ",".join(default) if isinstance(default, tuple) else str(default)
        if isinstance(default, bool):
            text = text.lower()
        doc = spec.metadata["doc"]
        if spec.metadata["choices"]:
            doc += " One of: " + ", ".join(spec.metadata["choices"]) + "."
        elif spec.metadata["low"] is not None:
            doc += f" Range {spec.metadata['low']} to {spec.metadata['high']}."
        rows.append((PREFIX + spec.name.upper(), text, doc))
    return rows


def effective(settings: Settings) -> dict[str, Any]:
    """The settings that differ from their defaults; a secret's value is "***"."""
    return {
        spec.name: "***" if spec.metadata["secret"] else value
        for _, spec in declared()
        if (value := settings.value(spec.name)) != spec.default
    }
