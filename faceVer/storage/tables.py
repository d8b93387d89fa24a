"""The tables. SQLite and PostgreSQL have the same ones; times are Unix seconds, ids are UUIDs.

A change here needs a migration in `migrations/versions/`; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _json() -> Any:
    return JSON().with_variant(JSONB(), "postgresql")


def _id(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), nullable=optional)


def _key(name: str) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), primary_key=True)


def _parent(name: str, target: str) -> Column[str]:
    """A reference to a row whose deletion deletes this one."""
    return Column(name, Uuid(as_uuid=False), ForeignKey(target, ondelete="CASCADE"), nullable=False)


def _time(name: str, *, optional: bool = False) -> Column[float]:
    return Column(name, Double, nullable=optional)


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


def _meta_data() -> Column[object]:
    return Column("meta_data", _json(), nullable=False, default=dict)


secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Secrets that the server made for itself, such as the one that signs tokens and addresses."""

companies = Table(
    "companies",
    metadata,
    _key("company_id"),
    Column("name", Text, nullable=False, unique=True),
    Column("in_deletion", Boolean, nullable=False, default=False),
    Column("retention", _json(), nullable=False, default=dict),
    _time("created"),
)

users = Table(
    "users",
    metadata,
    _key("user_id"),
    _parent("company_id", "companies.company_id"),
    Column("role", String(32), nullable=False),
    _text("email"),
    Column("email_key", Text, nullable=False, unique=True),  # lower case
    _text("password_hash"),
    _text("first_name"),
    _text("last_name"),
    _text("middle_name"),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("rights", _json(), nullable=False),
    _meta_data(),
    _time("created"),
    Index("ix_users_company", "company_id"),
)

sessions = Table(
    "sessions",
    metadata,
    _key("token_id"),
    _parent("user_id", "users.user_id"),
    Column("access_hash", LargeBinary, nullable=False, unique=True),
    Column("refresh_hash", LargeBinary, nullable=True, unique=True),
    _time("created"),
    _time("expires"),
    _time("refresh_expires"),
    _time("lifetime"),
    Column("is_service", Boolean, nullable=False, default=False),
    _id("replaces", optional=True),
    _text("address"),
    Index("ix_sessions_user", "user_id"),
    Index("ix_sessions_expires", "expires"),
)

failed_logins = Table(
    "failed_logins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("origin", Text, nullable=False),  # an address, or an email in lower case
    _time("time"),
    Index("ix_failed_logins_origin", "origin", "time"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    _time("time"),
    _id("company_id", optional=True),
    _id("user_id", optional=True),
    Column("action", String(64), nullable=False),
    Column("object", String(32), nullable=False),
    Column("object_id", Text, nullable=True),
    _text("address"),
    Column("details", _json(), nullable=False, default=dict),
    Index("ix_audit_company_time", "company_id", "time"),
    Index("ix_audit_time", "time"),
)
"""Who changed what. Without foreign keys: entries outlive what they are about."""

folders = Table(
    "folders",
    metadata,
    _key("folder_id"),
    _parent("company_id", "companies.company_id"),
    _id("user_id"),  # no foreign key: the folder outlives its user
    _time("created"),
    _time("updated"),
    Column("resolution_status", String(16), nullable=False),
    Column("system_resolution", String(24), nullable=False),
    _text("resolution_endpoint", optional=True),
    Column("operator_status", String(16), nullable=True),
    _text("operator_comment", optional=True),
    _id("resolution_author_id", optional=True),
    _time("resolution_time", optional=True),
    Column("is_cleared", Boolean, nullable=False, default=False),
    Column("names", Text, nullable=False, default=""),  # of its media, in lower case: what a search looks in
    _meta_data(),
    Index("ix_folders_created", "created", "folder_id"),
    Index("ix_folders_company_created", "company_id", "created", "folder_id"),
    Index("ix_folders_user_created", "user_id", "created"),
    Index("ix_folders_updated", "updated"),
    Index("ix_folders_status", "resolution_status", "created"),
    Index("ix_folders_system", "system_resolution", "created"),
    Index("ix_folders_meta_data", "meta_data", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

files = Table(
    "files",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("folder_id", Uuid(as_uuid=False), ForeignKey("folders.folder_id", ondelete="CASCADE"), nullable=True),
    _parent("company_id", "companies.company_id"),
    Column("kind", String(16), nullable=False),  # original, thumbnail, best_shot, report, attachment
    Column("mime", Text, nullable=False),
    Column("md5", String(32), nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False, default=0),
    Column("height", Integer, nullable=False, default=0),
    _time("created"),
    Index("ix_files_folder", "folder_id"),
    Index("ix_files_company", "company_id"),
)
"""Every file of the file storage. A file without a row is garbage, and is collected."""

media = Table(
    "media",
    metadata,
    _key("media_id"),
    _parent("folder_id", "folders.folder_id"),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    _text("name"),
    _text("filename"),
    _text("mime"),
    Column("md5", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("duration", Double, nullable=True),
    Column("fps", Double, nullable=True),
    Column("tags", _json(), nullable=False),
    Column("file_key", String(64), ForeignKey("files.key", ondelete="SET NULL"), nullable=True),
    Column("thumbnail_key", String(64), ForeignKey("files.key", ondelete="SET NULL"), nullable=True),
    Column("in_folder", Boolean, nullable=False, default=True),  # false: deleted, kept for the analyses that used it
    _time("created"),
    _time("updated"),
    _meta_data(),
    Index("ix_media_folder", "folder_id", "position"),
    Index("ix_media_file", "file_key"),
    Index("ix_media_thumbnail", "thumbnail_key"),
)

_UNFINISHED = Column("finished").is_(None)

groups = Table(
    "groups",
    metadata,
    _key("group_id"),
    _parent("folder_id", "folders.folder_id"),
    _time("created"),
    _time("finished", optional=True),
    Column("tries", Integer, nullable=False, default=0),
    _text("resolution_endpoint", optional=True),
    Index("ix_groups_folder", "folder_id"),
    Index("ix_groups_unfinished", "created", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
)
"""The analyses of one request. A group is what a job runs."""

analyses = Table(
    "analyses",
    metadata,
    _key("analysis_id"),
    _parent("folder_id", "folders.folder_id"),
    _parent("group_id", "groups.group_id"),
    Column("position", Integer, nullable=False),
    Column("type", String(16), nullable=False),
    Column("thresholds", _json(), nullable=False),
    Column("sources", _json(), nullable=False),  # media ids, in order
    Column("planned_failure", String(32), nullable=True),
    Column("best_shots", _json(), nullable=False),  # media id -> id of its best shot
    Column("state", String(16), nullable=False),
    Column("resolution", String(24), nullable=False),
    Column("outcome", _json(), nullable=True),
    Column("resolution_operator", String(16), nullable=True),
    _text("operator_comment", optional=True),
    _time("created"),
    _time("updated"),
    _time("ended", optional=True),
    Column("min_confidence", Double, nullable=True),  # of biometry
    Column("max_confidence", Double, nullable=True),
    Column("min_spoofing", Double, nullable=True),  # of quality, over its media
    Column("max_spoofing", Double, nullable=True),
    _meta_data(),
    # Lists of folders filter by these, and find all they need in an index.
    Index("ix_analyses_folder", "folder_id", "type", "resolution", "state", "created"),
    Index("ix_analyses_group", "group_id"),
    Index("ix_analyses_type_resolution", "type", "resolution", "created"),
    Index("ix_analyses_state", "state", "folder_id"),
    Index("ix_analyses_created", "created", "folder_id"),
)

best_shots = Table(
    "best_shots",
    metadata,
    _key("media_id"),
    _parent("analysis_id", "analyses.analysis_id"),
    _id("source_media_id"),
    Column("file_key", String(64), ForeignKey("files.key", ondelete="CASCADE"), nullable=False),
    Index("ix_best_shots_analysis", "analysis_id"),
    Index("ix_best_shots_file", "file_key"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _key("delivery_id"),
    _id("folder_id"),
    _id("group_id"),
    _parent("company_id", "companies.company_id"),
    _text("url"),
    Column("state", String(16), nullable=False),
    _time("created"),
    _time("due"),
    Column("attempts", Integer, nullable=False, default=0),
    _time("delivered", optional=True),
    _text("error", optional=True),
    Index("ix_deliveries_state_due", "state", "due"),
    Index("ix_deliveries_company", "company_id", "created"),
    Index("ix_deliveries_folder", "folder_id"),
)
"""The outbox of webhooks: a row is written in the transaction that finishes a group."""

report_templates = Table(
    "report_templates",
    metadata,
    _key("template_id"),
    _parent("company_id", "companies.company_id"),
    _text("name"),
    Column("content", _json(), nullable=False),
    _time("created"),
    _time("updated"),
    UniqueConstraint("company_id", "name"),
)

attachments = Table(
    "attachments",
    metadata,
    _key("attachment_id"),
    _parent("template_id", "report_templates.template_id"),
    _text("name"),
    Column("file_key", String(64), ForeignKey("files.key", ondelete="CASCADE"), nullable=False),
    _time("created"),
    Index("ix_attachments_template", "template_id"),
)

reports = Table(
    "reports",
    metadata,
    _key("report_id"),
    _parent("folder_id", "folders.folder_id"),
    _id("template_id", optional=True),
    _id("user_id"),
    Column("format", String(8), nullable=False),
    Column("file_key", String(64), ForeignKey("files.key", ondelete="CASCADE"), nullable=False),
    _time("created"),
    Index("ix_reports_folder", "folder_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Integer, primary_key=True),
    Column("task", String(64), nullable=False),
    Column("arguments", _json(), nullable=False),
    _time("created"),
    _time("due"),
    Column("tries", Integer, nullable=False, default=0),
    Column("worker", Text, nullable=True),
    _time("heartbeat", optional=True),
    Index("ix_jobs_due", "due"),
)
"""The queue of a SQLite database. PostgreSQL has procrastinate's tables instead, and leaves this one empty."""

queue_migrations = Table(
    "queue_migrations",
    metadata,
    Column("name", Text, primary_key=True),
)
"""Migrations of procrastinate that a PostgreSQL database has. Empty on SQLite."""
