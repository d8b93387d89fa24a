"""The kept half of a server: its database, files, queue and use cases, opened together."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from faceVer.domain.accounts import Principal
from faceVer.domain.clock import Clock, IdFactory, random_id, system_clock
from faceVer.jobs.open_queue import open_queue
from faceVer.jobs.queue import Arguments, Task, Worker
from faceVer.media.decoder import Decoder
from faceVer.observability.cgroup import inference_threads
from faceVer.services.access import Access
from faceVer.services.accounts.companies import CompanyService
from faceVer.services.accounts.sessions import SessionService
from faceVer.services.accounts.setup import first_start
from faceVer.services.accounts.tokens import signing_secret
from faceVer.services.accounts.users import UserService
from faceVer.services.faces import FaceEngine
from faceVer.services.file_urls import FileSigner
from faceVer.services.folders.examine import Examiner
from faceVer.services.folders.present import present
from faceVer.services.folders.presentation import Presentation
from faceVer.services.jobs import DELETE_COMPANY, RUN_GROUP
from faceVer.services.reports.making import ReportService
from faceVer.services.reports.templates import TemplateService
from faceVer.services.retention import Retention
from faceVer.services.stored_folders.creation import FolderCreator
from faceVer.services.stored_folders.editing import FolderEditor
from faceVer.services.stored_folders.metadata import MetadataEditor
from faceVer.services.stored_folders.reading import FolderReader
from faceVer.services.stored_folders.run import GroupRunner
from faceVer.services.stored_folders.store import FolderStore, owner_of
from faceVer.services.webhook_outbox import WebhookOutbox
from faceVer.services.wire_json import json_bytes
from faceVer.settings.model import Settings
from faceVer.storage import companies, schema
from faceVer.storage.blobs.collector import collect
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.database import Connection, Database

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS, CLEANING_SECONDS = 60.0, 3600.0
"""Seconds between two rounds of what the server does by itself; of what reads large parts of the store."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Use cases of the kept half, for any number of threads. `worker` runs analyses; None if other processes do."""

    settings: Settings
    database: Database
    files: FileStorage
    sessions: SessionService
    users: UserService
    companies: CompanyService
    creator: FolderCreator
    reader: FolderReader
    editor: FolderEditor
    metadata: MetadataEditor
    signer: FileSigner
    outbox: WebhookOutbox
    templates: TemplateService
    reports: ReportService
    worker: Worker | None
    clock: Clock
    new_id: IdFactory

    @classmethod
    def open(
        cls,
        settings: Settings,
        engine: FaceEngine | None,
        examiner: Examiner | None,
        *,
        clock: Clock = system_clock,
        new_id: IdFactory = random_id,
        works: bool | None = None,
    ) -> Self:
        """Open what FACEVER_STORE names; the schema must be there. engine, examiner: None = analyses are not run here.

        works: whether to run jobs, None = as FACEVER_SERVE_JOBS says. Raises SettingsError, DatabaseUnavailableError.
        """
        database, files = Database.of(settings.store.store), FileStorage.of(settings.store)
        access = Access(settings.accounts.hide_foreign)
        tasks: dict[str, Task] = {}
        schema.prepare(database)
        jobs = settings.jobs
        threads = jobs.job_threads or inference_threads(settings.threads, settings.server.workers)
        queue, worker = open_queue(database, tasks, threads, jobs.job_heartbeat, clock)
        store = FolderStore(database, files, settings, access, clock, new_id, queue.enqueue)
        users = UserService(database, settings, access, clock, new_id)
        company_service = CompanyService(database, files, access, clock, new_id, queue.enqueue)
        first_start(users, settings)
        secret = signing_secret(database, settings.accounts.api_secret)
        sessions = SessionService(database, settings, access, secret, clock, new_id)
        reader, signer = FolderReader(store), FileSigner(secret, settings.store.url_ttl, clock)
        render = partial(_webhook_document, reader, signer, settings.store.public_url.rstrip("/"))
        outbox = WebhookOutbox(database, settings, access, render, clock, new_id)
        if works is None:
            works = jobs.serve_jobs == "on" or (jobs.serve_jobs == "auto" and database.is_sqlite)
        works = works and engine is not None and examiner is not None
        if engine is not None and examiner is not None:
            runner = GroupRunner(store, examiner, engine.match, outbox.add)
            tasks |= {**_tasks(runner, company_service, sessions, settings), **cleaning_tasks(store), **outbox.tasks()}
        return cls(
            settings=settings,
            database=database,
            files=files,
            sessions=sessions,
            users=users,
            companies=company_service,
            creator=FolderCreator(store),
            reader=reader,
            editor=FolderEditor(store),
            metadata=MetadataEditor(store),
            signer=signer,
            outbox=outbox,
            templates=TemplateService(store),
            reports=ReportService(store, engine.decoder if engine is not None else Decoder()),
            worker=worker if works else None,
            clock=clock,
            new_id=new_id,
        )

    def authenticate(self, token: str, address: str) -> Principal:
        """See `SessionService.authenticate`."""
        return self.sessions.authenticate(token, address)

    def check(self) -> None:
        """Raises DatabaseUnavailableError."""
        with self.database.read() as connection:
            companies.system_company(connection)

    def start(self) -> None:
        """Begin to run jobs, if this process does."""
        if self.worker is not None:
            self.worker.start()
            self.outbox.sender.start()

    def close(self, seconds: float) -> None:
        """Let running jobs end within so many seconds, then close the database."""
        if self.worker is not None:
            self.worker.stop(seconds)
            self.outbox.sender.stop(self.settings.webhooks.webhook_grace)
        self.database.close()


def _webhook_document(reader: FolderReader, signer: FileSigner, base: str, folder_id: str) -> bytes | None:
    """The body of a folder's webhook: the folder with its analyses, and addresses signed for its owner."""
    folder = reader.for_webhook(folder_id)
    if folder is None:
        return None
    address = signer.address(base, owner_of(folder).user_id)
    return json_bytes(present(folder, Presentation(source_ids=True, address=address)))


def _tasks(
    runner: GroupRunner, companies: CompanyService, sessions: SessionService, settings: Settings
) -> dict[str, Task]:
    def run_group(arguments: Arguments) -> None:
        runner.run(arguments["group_id"])

    def fail_group(connection: Connection, arguments: Arguments, reason: str) -> None:
        log.error("group=%s given up: %s", arguments["group_id"], reason)
        runner.fail(connection, arguments["group_id"])

    def delete_company(arguments: Arguments) -> None:
        companies.delete_contents(arguments["company_id"])

    def housekeeping(_: Any) -> None:
        runner.fail_overdue()
        sessions.forget_ended()

    return {
        RUN_GROUP: Task(run_group, fail_group, settings.jobs.analysis_tries),
        DELETE_COMPANY: Task(delete_company, tries=100),
        "housekeeping": Task(housekeeping, period=HOUSEKEEPING_SECONDS),
    }


def cleaning_tasks(store: FolderStore) -> dict[str, Task]:
    """Deletes what is kept too long, and files without a row."""
    retention = Retention(store)

    def erase(_: Arguments) -> None:
        retention.run()

    def remove_orphans(_: Arguments) -> None:
        collect(store.database, store.files, store.clock())

    return {
        "retention": Task(erase, period=CLEANING_SECONDS),
        "collect": Task(remove_orphans, period=CLEANING_SECONDS),
    }
