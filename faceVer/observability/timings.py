"""Where a request's time goes, and whether anybody still waits for its answer.

The server gives each request a `Trace` and carries it in a context variable, onto the inference threads too. Whoever
does a step of the work says `with stage("decode"):`. That measures the step, and it ends the work of a request whose
client has been answered or has gone: between two steps, since no inference can be interrupted. Without a trace (the
command line, health checks) a stage costs a quarter of a microsecond and does nothing.

Stages must not lie within one another, or their sum would count time twice. Those of one request may run side by side
on several threads; then the sum is the threads' time and may be more than the request took.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType

from faceVer.domain.errors import DeadlineError

STAGES = (
    "receive",  # the body, from the request's head to its last byte
    "unpack",  # base64 of a body or of parts
    "queue",  # waiting for a thread
    "decode",  # files to pixels
    "detect",  # faces in pixels, all sizes and orientations
    "align",  # judging the face, the aligned crop
    "embed",  # the recognition model
    "template",  # templates to vectors and back
    "match",  # vectors to scores
    "liveness",  # presentation attack detection
    "quality",  # pose, eyes and light of frames
    "best_shot",  # the best frame as a file
    "answer",  # the document as JSON
)
"""Every stage there is, in the order of a request's walk."""


class Trace:
    """One request's measurements. Threads only append, which needs no lock."""

    __slots__ = ("begun", "comparing", "faces", "late", "over", "spent")

    def __init__(self, *, comparing: bool = False) -> None:
        self.begun = perf_counter()
        self.comparing = comparing
        """Whether the request needs no inference, so that it is not to wait behind those that do."""
        self.spent: list[tuple[str, float]] = []
        """(stage, seconds), in the order the stages ended."""
        self.faces: list[int] = []
        """Faces found, a number for each look."""
        self.over = False
        """Whether the answer is given, or given up: what is still being worked on is for nobody."""
        self.late = False
        """Whether it was given up because its time was up."""

    def totals(self) -> dict[str, float]:
        """Seconds by stage."""
        totals: dict[str, float] = {}
        for name, seconds in self.spent:
            totals[name] = totals.get(name, 0.0) + seconds
        return totals


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of the request that is being worked on."""


class _Stage:
    __slots__ = ("_begun", "_name", "_trace")

    def __init__(self, trace: Trace, name: str) -> None:
        self._trace, self._name = trace, name

    def __enter__(self) -> None:
        if self._trace.over:
            raise DeadlineError("nobody waits for the answer any more")
        self._begun = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._trace.spent.append((self._name, perf_counter() - self._begun))


_NO_STAGE = contextlib.nullcontext()


def stage(name: str) -> _Stage | contextlib.nullcontext[None]:
    """Measure a step, one of `STAGES`. Raises DeadlineError, before the step, where nobody waits for it any more."""
    trace = current.get()
    return _NO_STAGE if trace is None else _Stage(trace, name)


def checkpoint() -> None:
    """For loops within a step. Raises DeadlineError where nobody waits for the answer any more."""
    trace = current.get()
    if trace is not None and trace.over:
        raise DeadlineError("nobody waits for the answer any more")


def saw_faces(number: int) -> None:
    """Count faces that were found."""
    trace = current.get()
    if trace is not None:
        trace.faces.append(number)
