"""Stage timings of a request, and whether the client still waits for its response.

The middleware makes a `Trace` for each request; a context variable carries it to the inference threads. Code runs each
step of the work in `with stage("decode"):`. That measures the step, and it ends the work of a request whose client has
its response or has disconnected: between two steps, since no inference can be interrupted. Without a trace (the command
line, health checks) a stage costs a quarter of a microsecond and does nothing.

Stages must not be nested, or their sum would count time twice. Those of one request may run at the same time on several
threads; the sum is then the threads' time and may exceed the request's.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType

from faceVer.domain.errors import DeadlineError

STAGES = (
    "receive",  # the body, from the request's headers to its last byte
    "unpack",  # base64 of a body or of parts
    "queue",  # waiting for a thread
    "decode",  # files to pixels
    "detect",  # faces in pixels, at all sizes and orientations
    "align",  # quality gate of the face, aligned crop
    "embed",  # the recognition model
    "template",  # templates to vectors and back
    "match",  # vectors to scores
    "liveness",  # presentation attack detection
    "quality",  # pose, eyes and light of frames
    "gestures",  # the face followed through a video, and the verdicts
    "best_shot",  # the best frame as a file
    "preview",  # frames as small pictures, for the console
    "answer",  # the document as JSON
)
"""Every stage, in the order in which a request passes them."""


class Trace:
    """The measurements of one request. Threads only append, which needs no lock."""

    __slots__ = ("compared", "deadline_exceeded", "faces", "finished", "lane", "started", "timings")

    def __init__(self, *, lane: str = "inference") -> None:
        self.started = perf_counter()
        self.lane = lane
        """The queue that the request occupies, see http.pipeline.endpoint.Lane."""
        self.timings: list[tuple[str, float]] = []
        """(stage, seconds), in the order in which the stages ended."""
        self.faces: list[int] = []
        """Numbers of faces found, one for each detection."""
        self.compared: list[tuple[int, int]] = []
        """Numbers of templates compared, made by the pack's own model and by older ones, for each call."""
        self.finished = False
        """Whether the request has its response, or needs none: what still runs for it is useless."""
        self.deadline_exceeded = False
        """Whether it finished because its time limit was reached."""

    def totals(self) -> dict[str, float]:
        """Seconds by stage."""
        totals: dict[str, float] = {}
        for name, seconds in self.timings:
            totals[name] = totals.get(name, 0.0) + seconds
        return totals


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of the request that the current task or thread works for."""


class _Stage:
    __slots__ = ("_name", "_started", "_trace")

    def __init__(self, trace: Trace, name: str) -> None:
        self._trace, self._name = trace, name

    def __enter__(self) -> None:
        if self._trace.finished:
            raise DeadlineError("the request has finished")
        self._started = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._trace.timings.append((self._name, perf_counter() - self._started))


_NO_STAGE = contextlib.nullcontext()


def stage(name: str) -> _Stage | contextlib.nullcontext[None]:
    """Measure a step. name: one of `STAGES`. Raises DeadlineError before the step if the request has finished."""
    trace = current.get()
    return _NO_STAGE if trace is None else _Stage(trace, name)


def checkpoint() -> None:
    """For loops within a step. Raises DeadlineError if the request has finished."""
    trace = current.get()
    if trace is not None and trace.finished:
        raise DeadlineError("the request has finished")


def count_faces(number: int) -> None:
    """Count faces that have been found."""
    trace = current.get()
    if trace is not None:
        trace.faces.append(number)


def count_compared(own: int, older: int) -> None:
    """Count templates that have been compared, by the model that made them: the pack's own, or an older one."""
    trace = current.get()
    if trace is not None:
        trace.compared.append((own, older))
