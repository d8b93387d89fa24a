"""OzClient and AsyncOzClient."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

from faceVer.client.asynchronous import AsyncConnection
from faceVer.client.base import method
from faceVer.client.blocking import BlockingConnection
from faceVer.client.call import Call
from faceVer.client.errors import ClientError
from faceVer.client.oz.calls import Filters, OzCalls
from faceVer.client.oz.results import Page, Tokens
from faceVer.client.oz.session import Exclusive, Session, Step, Steps, read_webhook
from faceVer.client.results import Folder

P = ParamSpec("P")
T = TypeVar("T")
PAGE = 200
"""Folders per request of `folders`."""


def _method(make: Callable[Concatenate[OzCalls, P], Call[T]]) -> Callable[Concatenate[OzClient, P], T]:
    """The method that makes a call and returns its result."""

    def run(client: OzClient, /, *arguments: P.args, **options: P.kwargs) -> T:
        return client.drive(client.session.run(make(client.oz, *arguments, **options)))

    return method(make, run)


def _coroutine(
    make: Callable[Concatenate[OzCalls, P], Call[T]],
) -> Callable[Concatenate[AsyncOzClient, P], Coroutine[Any, Any, T]]:
    """The coroutine method that makes a call and returns its result."""

    async def run(client: AsyncOzClient, /, *arguments: P.args, **options: P.kwargs) -> T:
        return await client.drive(client.session.run(make(client.oz, *arguments, **options)))

    return method(make, run)


class OzClient(BlockingConnection):
    """A client of the stored Oz API. Threads may share it; processes that fork may not.

    url: as for `Client`. email, password: of an account; the client signs in with the first call and renews the session
    by itself. token: an access token instead, such as a service account's. Other options are those of `Client`.

    A method raises ClientError (faceVer.client.errors), ValueError and TypeError for wrong arguments, and OSError for
    files that cannot be read. Each has the options `request_id=` and `timeout=`.
    """

    def __init__(
        self,
        url: str,
        email: str | None = None,
        password: str | None = None,
        *,
        token: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(url, **options)
        self._secrets += tuple(filter(None, (password, token)))
        self.session, self.oz, self._lock = Session(email, password, token), OzCalls(), threading.Lock()

    create_folder = _method(OzCalls.create_folder)
    folder = _method(OzCalls.folder)
    list_folders = _method(OzCalls.list_folders)
    change_folder = _method(OzCalls.change_folder)
    delete_folder = _method(OzCalls.delete_folder)
    erase_folder = _method(OzCalls.erase_folder)
    add_media = _method(OzCalls.add_media)
    media_item = _method(OzCalls.media_item)
    tag_media = _method(OzCalls.tag_media)
    delete_media = _method(OzCalls.delete_media)
    request_analyses = _method(OzCalls.request_analyses)
    analyses = _method(OzCalls.analyses)
    analysis = _method(OzCalls.analysis)
    decide_analysis = _method(OzCalls.decide_analysis)
    delete_analysis = _method(OzCalls.delete_analysis)
    meta_data = _method(OzCalls.meta_data)
    set_meta_data = _method(OzCalls.set_meta_data)
    create_user = _method(OzCalls.create_user)
    user = _method(OzCalls.user)
    list_users = _method(OzCalls.list_users)
    change_user = _method(OzCalls.change_user)
    delete_user = _method(OzCalls.delete_user)
    create_company = _method(OzCalls.create_company)
    list_companies = _method(OzCalls.list_companies)
    company = _method(OzCalls.company)
    change_company = _method(OzCalls.change_company)
    delete_company = _method(OzCalls.delete_company)
    service_token = _method(OzCalls.service_token)
    download = _method(OzCalls.download)
    end_session = _method(OzCalls.end_session)
    read_webhook = staticmethod(read_webhook)

    def sign_in(self) -> Tokens:
        """Sign in now, and not with the first call."""
        return self.drive(self.session.sign_in())

    def wait(self, folder_id: str, timeout: float = 120.0) -> Folder:
        """The folder, once none of its analyses runs. Raises Timeout after `timeout` seconds."""
        return self.drive(self.session.wait(folder_id, timeout))

    def folders(self, filters: Filters | None = None, *, with_analyses: bool = False) -> Iterator[Folder]:
        """All folders that match, page by page, oldest first, so that new ones do not shift the pages."""
        offset = 0
        while True:
            page: Page[Folder] = self.list_folders(
                {"sorting": "time_created{asc}", **(filters or {})},
                offset=offset,
                limit=PAGE,
                with_analyses=with_analyses,
            )
            yield from page.items
            offset += len(page.items)
            if len(page.items) < PAGE:
                return

    def drive(self, steps: Steps[T]) -> T:
        """Take the steps of a session: send its calls, make its pauses."""
        try:
            step = next(steps)
            while True:
                try:
                    result = self._step(step)
                except ClientError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as stop:
            value: T = stop.value
            return value

    def _step(self, step: Step) -> Any:
        if isinstance(step, Call):
            return self._run(step)
        if isinstance(step, Exclusive):
            with self._lock:
                return self.drive(step.steps)
        time.sleep(step.seconds)
        return None


class AsyncOzClient(AsyncConnection):
    """`OzClient` with `await`: the same arguments, methods and errors. For one event loop."""

    def __init__(
        self,
        url: str,
        email: str | None = None,
        password: str | None = None,
        *,
        token: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(url, **options)
        self._secrets += tuple(filter(None, (password, token)))
        self.session, self.oz, self._lock = Session(email, password, token), OzCalls(), asyncio.Lock()

    create_folder = _coroutine(OzCalls.create_folder)
    folder = _coroutine(OzCalls.folder)
    list_folders = _coroutine(OzCalls.list_folders)
    change_folder = _coroutine(OzCalls.change_folder)
    delete_folder = _coroutine(OzCalls.delete_folder)
    erase_folder = _coroutine(OzCalls.erase_folder)
    add_media = _coroutine(OzCalls.add_media)
    media_item = _coroutine(OzCalls.media_item)
    tag_media = _coroutine(OzCalls.tag_media)
    delete_media = _coroutine(OzCalls.delete_media)
    request_analyses = _coroutine(OzCalls.request_analyses)
    analyses = _coroutine(OzCalls.analyses)
    analysis = _coroutine(OzCalls.analysis)
    decide_analysis = _coroutine(OzCalls.decide_analysis)
    delete_analysis = _coroutine(OzCalls.delete_analysis)
    meta_data = _coroutine(OzCalls.meta_data)
    set_meta_data = _coroutine(OzCalls.set_meta_data)
    create_user = _coroutine(OzCalls.create_user)
    user = _coroutine(OzCalls.user)
    list_users = _coroutine(OzCalls.list_users)
    change_user = _coroutine(OzCalls.change_user)
    delete_user = _coroutine(OzCalls.delete_user)
    create_company = _coroutine(OzCalls.create_company)
    list_companies = _coroutine(OzCalls.list_companies)
    company = _coroutine(OzCalls.company)
    change_company = _coroutine(OzCalls.change_company)
    delete_company = _coroutine(OzCalls.delete_company)
    service_token = _coroutine(OzCalls.service_token)
    download = _coroutine(OzCalls.download)
    end_session = _coroutine(OzCalls.end_session)
    read_webhook = staticmethod(read_webhook)

    async def sign_in(self) -> Tokens:
        """As `OzClient.sign_in`."""
        return await self.drive(self.session.sign_in())

    async def wait(self, folder_id: str, timeout: float = 120.0) -> Folder:  # noqa: ASYNC109 - of the folder
        """As `OzClient.wait`."""
        return await self.drive(self.session.wait(folder_id, timeout))

    async def folders(self, filters: Filters | None = None, *, with_analyses: bool = False) -> AsyncIterator[Folder]:
        """As `OzClient.folders`."""
        offset = 0
        while True:
            page: Page[Folder] = await self.list_folders(
                {"sorting": "time_created{asc}", **(filters or {})},
                offset=offset,
                limit=PAGE,
                with_analyses=with_analyses,
            )
            for one in page.items:
                yield one
            offset += len(page.items)
            if len(page.items) < PAGE:
                return

    async def drive(self, steps: Steps[T]) -> T:
        """As `OzClient.drive`."""
        try:
            step = next(steps)
            while True:
                try:
                    result = await self._step(step)
                except ClientError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as stop:
            value: T = stop.value
            return value

    async def _step(self, step: Step) -> Any:
        if isinstance(step, Call):
            return await self._run(step)
        if isinstance(step, Exclusive):
            async with self._lock:
                return await self.drive(step.steps)
        await asyncio.sleep(step.seconds)
        return None
