"""All settings: one frozen dataclass of one per area, read once at the start by `faceVer.settings.loader`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from faceVer.settings.processing import (
    ComparisonSettings,
    FacesSettings,
    LimitsSettings,
    LivenessSettings,
    MediaSettings,
    ModelsSettings,
)
from faceVer.settings.serving import (
    ApiSettings,
    AuthSettings,
    LogsSettings,
    ServerSettings,
    TlsSettings,
    WebhooksSettings,
)
from faceVer.settings.storing import AccountsSettings, JobsSettings, StoreSettings

REMOTE_THREADS = 8
"""Inference threads per process where a server runs the models; this process decodes, aligns and waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All areas of settings. A setting's name is unique over all areas: the variable FACEVER_<NAME> sets it."""

    server: ServerSettings = field(default_factory=ServerSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    logs: LogsSettings = field(default_factory=LogsSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    faces: FacesSettings = field(default_factory=FacesSettings)
    comparison: ComparisonSettings = field(default_factory=ComparisonSettings)
    liveness: LivenessSettings = field(default_factory=LivenessSettings)
    webhooks: WebhooksSettings = field(default_factory=WebhooksSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    accounts: AccountsSettings = field(default_factory=AccountsSettings)
    jobs: JobsSettings = field(default_factory=JobsSettings)

    @property
    def threads(self) -> int:
        """Inference threads per process; 0 = as many as the CPUs give. Threads that wait for a server may be more."""
        return self.server.threads or (REMOTE_THREADS if self.models.inference_url else 0)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """The defaults except for `values` (setting -> value). Raises SettingsError; KeyError for an unknown name."""
        return cls().changed(**values)

    def changed(self, **values: Any) -> Self:
        """A copy with other values of some settings. Raises SettingsError; KeyError for an unknown name."""
        areas: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            areas.setdefault(AREA_OF[name], {})[name] = value
        changes = {area: dataclasses.replace(getattr(self, area), **own) for area, own in areas.items()}
        return dataclasses.replace(self, **changes)

    def value(self, name: str) -> Any:
        """The value of the setting with that name. Raises KeyError."""
        return getattr(getattr(self, AREA_OF[name]), name)


def declared() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """(area, field) of every setting, in order."""
    defaults = Settings()
    for area in dataclasses.fields(Settings):
        for spec in dataclasses.fields(getattr(defaults, area.name)):
            yield area.name, spec


AREA_OF = {spec.name: area for area, spec in declared()}
"""Setting -> its area."""
ESSENTIAL = (
    "port",
    "workers",
    "threads",
    "tls_cert",
    "api_keys",
    "cors_origins",
    "max_file_bytes",
    "approve_threshold",
    "template_key",
    "spoofing_threshold",
)
"""The settings an operator decides on first."""
