"""The first schema of the kept half: all tables."""

from __future__ import annotations

from functools import partial

from alembic.op import create_index, create_table, execute, get_bind, get_context
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

UUID = Uuid(as_uuid=False)
DOCUMENT = JSON().with_variant(JSONB(), "postgresql")
UNFINISHED = text("finished IS NULL")
required = partial(Column, nullable=False)
optional = partial(Column, nullable=True)


def upgrade() -> None:
    create_table(
        "audit",
        required("id", Integer),
        required("time", Double),
        optional("company_id", UUID),
        optional("user_id", UUID),
        required("action", String(64)),
        required("object", String(32)),
        optional("object_id", Text),
        required("address", Text),
        required("details", DOCUMENT),
        PrimaryKeyConstraint("id", name="pk_audit"),
    )
    create_index("ix_audit_company_time", "audit", ["company_id", "time"])
    create_index("ix_audit_time", "audit", ["time"])
    create_table(
        "companies",
        required("company_id", UUID),
        required("name", Text),
        required("in_deletion", Boolean),
        required("retention", DOCUMENT),
        required("created", Double),
        PrimaryKeyConstraint("company_id", name="pk_companies"),
        UniqueConstraint("name", name="uq_companies_name"),
    )
    create_table(
        "failed_logins",
        required("id", Integer),
        required("origin", Text),
        required("time", Double),
        PrimaryKeyConstraint("id", name="pk_failed_logins"),
    )
    create_index("ix_failed_logins_origin", "failed_logins", ["origin", "time"])
    create_table(
        "jobs",
        required("job_id", Integer),
        required("task", String(64)),
        required("arguments", DOCUMENT),
        required("created", Double),
        required("due", Double),
        required("tries", Integer),
        optional("worker", Text),
        optional("heartbeat", Double),
        PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    create_index("ix_jobs_due", "jobs", ["due"])
    create_table(
        "secrets",
        required("name", String(64)),
        required("value", LargeBinary),
        PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    create_table(
        "deliveries",
        required("delivery_id", UUID),
        required("folder_id", UUID),
        required("group_id", UUID),
        required("company_id", UUID),
        required("url", Text),
        required("state", String(16)),
        required("created", Double),
        required("due", Double),
        required("attempts", Integer),
        optional("delivered", Double),
        optional("error", Text),
        ForeignKeyConstraint(
            ["company_id"], ["companies.company_id"], name="fk_deliveries_company_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("delivery_id", name="pk_deliveries"),
    )
    create_index("ix_deliveries_company", "deliveries", ["company_id", "created"])
    create_index("ix_deliveries_folder", "deliveries", ["folder_id"])
    create_index("ix_deliveries_state_due", "deliveries", ["state", "due"])
    create_table(
        "folders",
        required("folder_id", UUID),
        required("company_id", UUID),
        required("user_id", UUID),
        required("created", Double),
        required("updated", Double),
        required("resolution_status", String(16)),
        required("system_resolution", String(24)),
        optional("resolution_endpoint", Text),
        optional("operator_status", String(16)),
        optional("operator_comment", Text),
        optional("resolution_author_id", UUID),
        optional("resolution_time", Double),
        required("is_cleared", Boolean),
        required("names", Text),
        required("meta_data", DOCUMENT),
        ForeignKeyConstraint(
            ["company_id"], ["companies.company_id"], name="fk_folders_company_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("folder_id", name="pk_folders"),
    )
    create_index("ix_folders_company_created", "folders", ["company_id", "created", "folder_id"])
    create_index("ix_folders_created", "folders", ["created", "folder_id"])
    create_index("ix_folders_status", "folders", ["resolution_status", "created"])
    create_index("ix_folders_system", "folders", ["system_resolution", "created"])
    create_index("ix_folders_updated", "folders", ["updated"])
    create_index("ix_folders_user_created", "folders", ["user_id", "created"])
    create_table(
        "report_templates",
        required("template_id", UUID),
        required("company_id", UUID),
        required("name", Text),
        required("content", DOCUMENT),
        required("created", Double),
        required("updated", Double),
        ForeignKeyConstraint(
            ["company_id"], ["companies.company_id"], name="fk_report_templates_company_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("template_id", name="pk_report_templates"),
        UniqueConstraint("company_id", "name", name="uq_report_templates_company_id"),
    )
    create_table(
        "users",
        required("user_id", UUID),
        required("company_id", UUID),
        required("role", String(32)),
        required("email", Text),
        required("email_key", Text),
        required("password_hash", Text),
        required("first_name", Text),
        required("last_name", Text),
        required("middle_name", Text),
        required("is_active", Boolean),
        required("rights", DOCUMENT),
        required("meta_data", DOCUMENT),
        required("created", Double),
        ForeignKeyConstraint(["company_id"], ["companies.company_id"], name="fk_users_company_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("user_id", name="pk_users"),
        UniqueConstraint("email_key", name="uq_users_email_key"),
    )
    create_index("ix_users_company", "users", ["company_id"])
    create_table(
        "files",
        required("key", String(64)),
        optional("folder_id", UUID),
        required("company_id", UUID),
        required("kind", String(16)),
        required("mime", Text),
        required("md5", String(32)),
        required("sha256", LargeBinary),
        required("size", Integer),
        required("width", Integer),
        required("height", Integer),
        required("created", Double),
        ForeignKeyConstraint(["company_id"], ["companies.company_id"], name="fk_files_company_id", ondelete="CASCADE"),
        ForeignKeyConstraint(["folder_id"], ["folders.folder_id"], name="fk_files_folder_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("key", name="pk_files"),
    )
    create_index("ix_files_company", "files", ["company_id"])
    create_index("ix_files_folder", "files", ["folder_id"])
    create_table(
        "groups",
        required("group_id", UUID),
        required("folder_id", UUID),
        required("created", Double),
        optional("finished", Double),
        required("tries", Integer),
        optional("resolution_endpoint", Text),
        ForeignKeyConstraint(["folder_id"], ["folders.folder_id"], name="fk_groups_folder_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("group_id", name="pk_groups"),
    )
    create_index("ix_groups_folder", "groups", ["folder_id"])
    create_index("ix_groups_unfinished", "groups", ["created"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)
    create_table(
        "sessions",
        required("token_id", UUID),
        required("user_id", UUID),
        required("access_hash", LargeBinary),
        optional("refresh_hash", LargeBinary),
        required("created", Double),
        required("expires", Double),
        required("refresh_expires", Double),
        required("lifetime", Double),
        required("is_service", Boolean),
        optional("replaces", UUID),
        required("address", Text),
        ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_sessions_user_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("token_id", name="pk_sessions"),
        UniqueConstraint("access_hash", name="uq_sessions_access_hash"),
        UniqueConstraint("refresh_hash", name="uq_sessions_refresh_hash"),
    )
    create_index("ix_sessions_expires", "sessions", ["expires"])
    create_index("ix_sessions_user", "sessions", ["user_id"])
    create_table(
        "analyses",
        required("analysis_id", UUID),
        required("folder_id", UUID),
        required("group_id", UUID),
        required("position", Integer),
        required("type", String(16)),
        required("thresholds", DOCUMENT),
        required("sources", DOCUMENT),
        optional("planned_failure", String(32)),
        required("best_shots", DOCUMENT),
        required("state", String(16)),
        required("resolution", String(24)),
        optional("outcome", DOCUMENT),
        optional("resolution_operator", String(16)),
        optional("operator_comment", Text),
        required("created", Double),
        required("updated", Double),
        optional("ended", Double),
        optional("min_confidence", Double),
        optional("max_confidence", Double),
        optional("min_spoofing", Double),
        optional("max_spoofing", Double),
        required("meta_data", DOCUMENT),
        ForeignKeyConstraint(["folder_id"], ["folders.folder_id"], name="fk_analyses_folder_id", ondelete="CASCADE"),
        ForeignKeyConstraint(["group_id"], ["groups.group_id"], name="fk_analyses_group_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("analysis_id", name="pk_analyses"),
    )
    create_index("ix_analyses_created", "analyses", ["created", "folder_id"])
    create_index("ix_analyses_folder", "analyses", ["folder_id", "type", "resolution", "state", "created"])
    create_index("ix_analyses_group", "analyses", ["group_id"])
    create_index("ix_analyses_type_resolution", "analyses", ["type", "resolution", "created"])
    create_index("ix_analyses_state", "analyses", ["state", "folder_id"])
    create_table(
        "attachments",
        required("attachment_id", UUID),
        required("template_id", UUID),
        required("name", Text),
        required("file_key", String(64)),
        required("created", Double),
        ForeignKeyConstraint(["file_key"], ["files.key"], name="fk_attachments_file_key", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["template_id"], ["report_templates.template_id"], name="fk_attachments_template_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("attachment_id", name="pk_attachments"),
    )
    create_index("ix_attachments_template", "attachments", ["template_id"])
    create_table(
        "media",
        required("media_id", UUID),
        required("folder_id", UUID),
        required("position", Integer),
        required("kind", String(16)),
        required("name", Text),
        required("filename", Text),
        required("mime", Text),
        required("md5", String(32)),
        required("size", Integer),
        required("width", Integer),
        required("height", Integer),
        optional("duration", Double),
        optional("fps", Double),
        required("tags", DOCUMENT),
        optional("file_key", String(64)),
        optional("thumbnail_key", String(64)),
        required("in_folder", Boolean),
        required("created", Double),
        required("updated", Double),
        required("meta_data", DOCUMENT),
        ForeignKeyConstraint(["file_key"], ["files.key"], name="fk_media_file_key", ondelete="SET NULL"),
        ForeignKeyConstraint(["folder_id"], ["folders.folder_id"], name="fk_media_folder_id", ondelete="CASCADE"),
        ForeignKeyConstraint(["thumbnail_key"], ["files.key"], name="fk_media_thumbnail_key", ondelete="SET NULL"),
        PrimaryKeyConstraint("media_id", name="pk_media"),
    )
    create_index("ix_media_file", "media", ["file_key"])
    create_index("ix_media_folder", "media", ["folder_id", "position"])
    create_index("ix_media_thumbnail", "media", ["thumbnail_key"])
    create_table(
        "reports",
        required("report_id", UUID),
        required("folder_id", UUID),
        optional("template_id", UUID),
        required("user_id", UUID),
        required("format", String(8)),
        required("file_key", String(64)),
        required("created", Double),
        ForeignKeyConstraint(["file_key"], ["files.key"], name="fk_reports_file_key", ondelete="CASCADE"),
        ForeignKeyConstraint(["folder_id"], ["folders.folder_id"], name="fk_reports_folder_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("report_id", name="pk_reports"),
    )
    create_index("ix_reports_folder", "reports", ["folder_id"])
    create_table(
        "best_shots",
        required("media_id", UUID),
        required("analysis_id", UUID),
        required("source_media_id", UUID),
        required("file_key", String(64)),
        ForeignKeyConstraint(
            ["analysis_id"], ["analyses.analysis_id"], name="fk_best_shots_analysis_id", ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["file_key"], ["files.key"], name="fk_best_shots_file_key", ondelete="CASCADE"),
        PrimaryKeyConstraint("media_id", name="pk_best_shots"),
    )
    create_index("ix_best_shots_analysis", "best_shots", ["analysis_id"])
    create_index("ix_best_shots_file", "best_shots", ["file_key"])
    create_table("queue_migrations", required("name", Text), PrimaryKeyConstraint("name", name="pk_queue_migrations"))
    if get_context().dialect.name == "postgresql":
        create_index("ix_folders_meta_data", "folders", ["meta_data"], postgresql_using="gin")
        # A database's own lower() may know the letters of ASCII only.
        has_icu = get_bind().scalar(text("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'"))
        collation = 'COLLATE "und-x-icu"' if has_icu else ""
        execute(
            f"CREATE FUNCTION facever_lower(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
            f"AS 'SELECT lower($1 {collation})'"
        )
