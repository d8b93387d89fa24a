"""Limits of a helper process that the kernel enforces: memory, CPU time, sizes of files, system calls."""

from __future__ import annotations

import ctypes
import errno
import math
import resource
import signal
import time
from pathlib import Path

from faceVer.media.sandbox.messages import Job

MOST_FILES = 16
"""Open descriptors: the channel, a file, the pixels."""
NICE = 5
"""Below the server's priority: pictures that it decodes itself come first."""

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EQUAL, _MASKED_EQUAL = 4, 7
_CLONE_THREAD = 0x00010000
_SET_PARENT_DEATH_SIGNAL = 1
# Memory, threads, time, and reading and writing of what is open. No call opens a file, a socket or a process.
_CALLS = (
    "read readv write writev close fstat newfstatat lseek fcntl ftruncate memfd_create recvmsg sendmsg recvfrom sendto",
    "mmap munmap mremap mprotect madvise brk futex set_robust_list rseq sched_yield sched_getaffinity gettid getpid",
    "rt_sigreturn rt_sigaction rt_sigprocmask sigaltstack restart_syscall clock_gettime clock_nanosleep gettimeofday",
    "nanosleep getrusage getrandom ppoll poll exit exit_group",
)


class _Argument(ctypes.Structure):
    """struct scmp_arg_cmp of libseccomp: argument number, comparison, and its operands."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


def end_with_parent() -> None:
    """Let the kernel kill this process when the one that forked it ends: it would be out of anybody's control."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def filter_library() -> ctypes.CDLL | None:
    """libseccomp, None where the system has none."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Argument),
    )  # fmt: skip
    library.seccomp_load.argtypes = (ctypes.c_void_p,)
    return library


def allow_few_system_calls() -> bool:
    """All other calls fail with EPERM, so that a library that tries one does without it. Returns whether they do."""
    library = filter_library()
    if library is None:
        return False
    rules = library.seccomp_init(_ERRNO | errno.EPERM)
    for name in " ".join(_CALLS).split():
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # another architecture lacks some
            library.seccomp_rule_add_array(rules, _ALLOW, number, 0, None)
    clone, clone3, limits = map(library.seccomp_syscall_resolve_name, (b"clone", b"clone3", b"prlimit64"))
    threads, own = _Argument(0, _MASKED_EQUAL, _CLONE_THREAD, _CLONE_THREAD), _Argument(0, _EQUAL, 0, 0)
    library.seccomp_rule_add_array(rules, _ALLOW, clone, 1, ctypes.byref(threads))
    library.seccomp_rule_add_array(rules, _ALLOW, limits, 1, ctypes.byref(own))
    # Its flags are in memory, which a filter cannot read; the C library then uses clone.
    library.seccomp_rule_add_array(rules, _ERRNO | errno.ENOSYS, clone3, 0, None)
    return bool(library.seccomp_load(rules) == 0)


class Limits:
    """The limits of the current process, which must have loaded all its code."""

    def __init__(self, large: int) -> None:
        """Set the hard limits. large: bytes of address space besides the code."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        self._code = pages * resource.getpagesize()
        self._most = _lower(resource.RLIMIT_AS, self._code + large)
        self._largest = _lower(resource.RLIMIT_FSIZE, large)
        _lower(resource.RLIMIT_NOFILE, MOST_FILES)
        _lower(resource.RLIMIT_CORE, 0)

    def begin(self, job: Job) -> bool:
        """Set the soft limits for a file. Returns whether the system permits as much memory."""
        wanted = self._code + job.memory
        resource.setrlimit(resource.RLIMIT_AS, (min(wanted, self._most), self._most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (min(job.result, self._largest), self._largest))
        last = math.ceil(time.process_time() + job.seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (last, resource.RLIM_INFINITY))
        return wanted <= self._most and job.result <= self._largest


def _lower(limit: int, value: int) -> int:
    """Set a hard limit, which the system may have set lower already. Returns it."""
    inherited = resource.getrlimit(limit)[1]
    value = value if inherited == resource.RLIM_INFINITY else min(value, inherited)
    resource.setrlimit(limit, (value, value))
    return value
