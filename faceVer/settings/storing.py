"""Settings of what is kept: the store, files at rest, accounts, jobs, retention."""

from __future__ import annotations

import re
from dataclasses import dataclass

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import PREFIX, setting

_STORAGE_KEY = re.compile(r"([A-Za-z0-9._-]{1,32}):(?:[0-9A-Fa-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """The database and the file storage. Without a store the server keeps nothing."""

    store: str = setting(
        "",
        "Where folders, accounts and results are kept: a folder (SQLite), or a postgresql:// URL; empty = nothing is "
        "kept.",
        secret=True,
    )
    storage_url: str = setting(
        "",
        "Where media files are kept: a folder, or s3://bucket/prefix; empty = `files` in a store that is a folder.",
    )
    storage_key: tuple[str, ...] = setting(
        (),
        "AES-256 keys of stored files, separated by commas, each name:64 hex digits; the first encrypts, all decrypt; "
        "empty = not encrypted.",
        secret=True,
    )
    s3_endpoint: str = setting("", "Address of an S3 server; empty = that of AWS.")
    s3_region: str = setting("us-east-1", "Region of the S3 bucket.")
    s3_access_key: str = setting("", "Access key id of the S3 server; empty = from the environment.", secret=True)
    s3_secret_key: str = setting("", "Secret access key of the S3 server; empty = from the environment.", secret=True)
    public_url: str = setting(
        "", "Address that clients reach the server by, for the addresses in responses; empty = the request's Host."
    )
    static_permissions: bool = setting(
        True, "Require a signed address or a token for files; false = the random address is enough."
    )
    url_ttl: int = setting(3600, "Seconds a signed address of a file is valid.", low=10, high=30 * 86_400)
    thumb_side: int = setting(
        400, "Longest side, in pixels, of the thumbnail of a stored media file; 0 = no thumbnails.", low=0, high=2048
    )
    retention_days: int = setting(
        0, "Days after which a folder's personal data is erased, as by DELETE .../pi/; 0 = never.", low=0, high=36_500
    )
    storage_threads: int = setting(8, "Threads per process for the database and files.", low=1, high=256)

    @property
    def folder(self) -> str | None:
        """The store, if it is a folder and not a database's URL."""
        return self.store if self.store and "://" not in self.store else None

    def __post_init__(self) -> None:
        for number, entry in enumerate(self.storage_key, 1):
            if not _STORAGE_KEY.fullmatch(entry):
                raise SettingsError(f"{PREFIX}STORAGE_KEY: entry {number} is not name:64 hex digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsSettings:
    """Users, passwords and sessions of a server that keeps a store."""

    api_secret: str = setting(
        "",
        "Secret that signs tokens and file addresses; empty = one that the server makes and keeps in its database.",
        secret=True,
    )
    session_ttl: float = setting(900.0, "Seconds a session lives after its last use.", low=10, high=31_536_000)
    session_longlive_ttl: float = setting(
        157_680_000.0, "Seconds a session of a service account lives.", low=10, high=3_153_600_000
    )
    session_extend: bool = setting(True, "Whether use of a session extends it.")
    password_minimum: int = setting(10, "Fewest characters of a password.", low=1, high=200)
    login_attempts: int = setting(
        5,
        "Failed sign-ins per minute of one address or one email, above which sign-in is throttled.",
        low=1,
        high=10_000,
    )
    admin_email: str = setting("", "Email of the administrator that the first start creates.")
    admin_password: str = setting("", "Password of the administrator that the first start creates.", secret=True)
    hide_foreign: bool = setting(
        False, "Answer 404 instead of 403 for objects that the user may not see, so that nobody can probe for ids."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsSettings:
    """Background work of a server that keeps a store."""

    job_threads: int = setting(
        0,
        "Analyses that one process runs at a time; 0 = its inference threads. Worker processes use the same setting.",
        low=0,
        high=512,
    )
    serve_jobs: str = setting(
        "auto",
        "Whether the server runs analyses itself; auto = with SQLite only, on PostgreSQL `facever worker` does.",
        choices=("auto", "on", "off"),
    )
    analysis_tries: int = setting(3, "Tries of an analysis that fails by an error of the server.", low=1, high=20)
    analysis_timeout: float = setting(
        900.0, "Seconds after which an unfinished analysis is FAILED.", low=1, high=86_400
    )
    job_heartbeat: float = setting(
        10.0, "Seconds without a sign of life after which a worker's jobs are given to another.", low=1, high=3600
    )
    webhook_hours: float = setting(
        24.0, "Hours after which an undelivered webhook of a stored folder is given up.", low=0.01, high=720
    )
