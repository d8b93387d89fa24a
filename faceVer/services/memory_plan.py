"""What memory the server needs: the formula of docs/reliability.md, which `facever doctor` and the sandbox read."""

from __future__ import annotations

import os

from faceVer.media.image import WORKING_SIDE
from faceVer.media.image_cost import MOST_PIXEL_BYTES
from faceVer.media.sandbox.plan import MIB, ORDINARY, SLACK, SandboxPlan
from faceVer.media.video import FRAME_PIXEL_BYTES
from faceVer.observability.cgroup import inference_threads, memory_limit, usable_cpus
from faceVer.settings.model import Settings

PROCESS, THREAD, SHARED = 240 * MIB, 15 * MIB, 110 * MIB
"""Bytes of a process, and of each thread that computes, without bodies and images; and what workers share of it."""
OLDER_MODEL = 80 * MIB
"""Bytes of a model of FACEVER_ALSO_READ, which workers share; the largest of the manifest, SFace, takes 73 MiB."""
PLAIN = 96 * MIB
"""Bytes that a plain picture takes while a thread decodes it."""
HELPER, FORK_SERVER = 20 * MIB, 60 * MIB
"""Bytes of a helper besides its address space limit, and of the process that forks them."""
CPUS_PER_PROCESS = 4
"""So many threads still keep their CPUs busy in one process; 8 and 16 wait for the interpreter's lock (measured on 16
cores: docs/decisions/0051-devices.md)."""


def with_processes(settings: Settings) -> Settings:
    """The settings with the number of server processes that fits the machine, where they leave it to the server."""
    server = settings.server
    if server.workers:
        return settings
    alone = server.threads or settings.models.device != "cpu" or settings.models.providers
    most = 1 if alone else max(1, usable_cpus() // CPUS_PER_PROCESS)
    choices = (settings.changed(workers=workers) for workers in range(most, 1, -1))
    fitting = (choice for choice in choices if memory_need(choice) <= usable_memory())
    return next(fitting, settings.changed(workers=1))


def usable_memory() -> float:
    """Bytes that the machine has, or the control group permits."""
    return min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), memory_limit())


def sandbox_plan(settings: Settings) -> SandboxPlan:
    """As many helpers as threads, each with a large file; fewer where the memory does not suffice, but one."""
    threads = _threads(settings)
    choices = [(threads, large) for large in range(threads, 0, -1)] + [(few, 1) for few in range(threads - 1, 0, -1)]
    plans = (_plan(settings, *choice) for choice in choices)
    return next((plan for plan in plans if _need(settings, plan) <= usable_memory()), _plan(settings, 1, 1))


def memory_need(settings: Settings) -> int:
    """Bytes that all processes need at most."""
    return _need(settings, sandbox_plan(settings))


def _threads(settings: Settings) -> int:
    return inference_threads(settings.threads, settings.server.workers)


def _plan(settings: Settings, helpers: int, large_jobs: int) -> SandboxPlan:
    media = settings.media
    frames = 3 * media.media_frames * media.media_side**2
    result = max(frames, 3 * (2 * WORKING_SIDE) ** 2) + MIB
    pixels = max(media.max_pixels * MOST_PIXEL_BYTES, media.max_video_pixels * FRAME_PIXEL_BYTES + frames)
    return SandboxPlan(
        helpers=helpers,
        large=max(ORDINARY, pixels + SLACK + result),
        result=result,
        large_jobs=large_jobs,
        picture_seconds=media.picture_cpu_seconds,
        media_seconds=media.media_cpu_seconds,
    )


def _need(settings: Settings, plan: SandboxPlan) -> int:
    workers, threads = max(1, settings.server.workers), _threads(settings)
    process = PROCESS + threads * (2 * THREAD + PLAIN) + settings.limits.max_inflight_bytes
    if settings.media.sandbox:
        process += FORK_SERVER + plan.helpers * HELPER + plan.most_bytes
    else:
        process += 2 * threads * plan.large
    return SHARED + len(settings.models.also_read) * OLDER_MODEL + workers * (process - SHARED)
