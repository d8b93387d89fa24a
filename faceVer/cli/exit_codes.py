"""Exit statuses, and the error of wrong usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OK = 0
"""Done; approved; bona fide."""
FAILED = 1
"""A file failed, or the command could not do its work; standard error says why."""
USAGE = 2
"""The command line itself is wrong."""
DECLINED = 3
"""Declined, or an attack."""
OPERATOR = 4
"""operator_required."""
INTERRUPTED = 130
BROKEN_PIPE = 141
"""The reader of standard output has closed it, as with `| head`; the shell's own number for it."""

MEANINGS: Mapping[int, str] = {
    OK: "done, approved or bona fide",
    FAILED: "a file or the command failed (standard error says why)",
    USAGE: "wrong usage",
    DECLINED: "declined or an attack",
    OPERATOR: "operator_required",
    INTERRUPTED: "interrupted",
    BROKEN_PIPE: "nobody reads standard output any more",
}
OF_DECISION: Mapping[str, int] = {"approved": OK, "operator_required": OPERATOR, "declined": DECLINED}
_WORST_FIRST = (FAILED, DECLINED, OPERATOR, OK)


class UsageError(Exception):
    """Options that do not go together."""


def worst(statuses: Iterable[int]) -> int:
    """One exit status for several outcomes."""
    return min(statuses, key=_WORST_FIRST.index, default=OK)
