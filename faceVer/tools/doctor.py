"""`facever doctor`: checks the machine, the installation and the settings."""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import faceVer
from faceVer.domain.errors import FaceVerError, SetupError
from faceVer.http.pipeline.authentication import Keys
from faceVer.http.pipeline.webhooks import WebhookSender
from faceVer.http.server.process import descriptors, fit_connections
from faceVer.http.server.sockets import is_loopback, try_port
from faceVer.http.server.tls import certificate_ended, server_context
from faceVer.http.server.workers import heartbeat_folder
from faceVer.inference.cuda import card
from faceVer.inference.manifest import is_folder_pack, load_manifest, weights_folder
from faceVer.inference.opening import can_fork, chosen_providers, open_backend, uses_cuda
from faceVer.inference.weights.store import status
from faceVer.media.sandbox.confinement import filter_library
from faceVer.media.sandbox.plan import MIB
from faceVer.observability.cgroup import inference_threads, usable_cpus
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.services.memory_plan import OLDER_MODEL, memory_need, sandbox_plan, usable_memory, with_processes
from faceVer.settings.field import PREFIX
from faceVer.settings.loader import non_default
from faceVer.settings.model import Settings

State = Literal["ok", "note", "bad"]

FEATURES = {"avx2": "AVX2", "avx512f": "AVX512", "avx512_vnni": "VNNI", "avx_vnni": "AVX-VNNI", "amx_int8": "AMX"}
"""CPU features that ONNX Runtime uses, by their names in /proc/cpuinfo."""
LIBRARIES = ("aiohttp", "av", "gunicorn", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "uvloop")
PROBES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. state: "bad" prevents the server from working, "note" needs attention."""

    topic: str
    state: State
    text: str


def examine(load: Callable[[], Settings]) -> list[Finding]:
    """Run all checks. load: reads the settings."""
    found = [*_machine()]
    try:
        settings = with_processes(load())
    except SetupError as error:
        return [*found, Finding("settings", "bad", str(error))]
    checks = (_settings, _threads, _memory, _descriptors, _weights, _inference, _storage, _port)
    for check in checks:
        try:
            found.extend(check(settings))
        except (SetupError, FaceVerError, OSError) as error:
            found.append(Finding(check.__name__.strip("_"), "bad", str(error)))
    return found


def is_well(findings: Iterable[Finding]) -> bool:
    return all(finding.state != "bad" for finding in findings)


def as_text(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{finding.state:4} {finding.topic:11} {finding.text}" for finding in findings)


def as_json(findings: Iterable[Finding]) -> str:
    rows = list(findings)
    return json.dumps({"well": is_well(rows), "findings": [asdict(row) for row in rows]}, ensure_ascii=False, indent=2)


def _machine() -> Iterator[Finding]:
    model, flags = _cpu(Path("/proc/cpuinfo"))
    yield Finding("cpu", "ok", f"{model}, {platform.machine()}, {os.cpu_count()} logical CPUs")
    if platform.machine() == "x86_64":
        names = [name for flag, name in FEATURES.items() if flag in flags]
        yield Finding("cpu", "ok" if "AVX2" in names else "note", f"features: {', '.join(names) or 'none of AVX2 on'}")
    versions = ", ".join(_version(name) for name in LIBRARIES)
    yield Finding("versions", "ok", f"facever {faceVer.__version__}, python {platform.python_version()}, {versions}")


def _version(library: str) -> str:
    """Its name and version; ONNX Runtime's build for a device is a package of its own."""
    for name in (library, f"{library}-gpu"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{name} {importlib.metadata.version(name)}"
    return f"{library} of unknown version"


def _cpu(file: Path) -> tuple[str, set[str]]:
    """(model, feature flags) of the first CPU."""
    rows = dict(line.split(":", 1) for line in file.read_text().split("\n\n")[0].splitlines() if ":" in line)
    rows = {key.strip(): value.strip() for key, value in rows.items()}
    return rows.get("model name", "CPU of unknown model"), set(rows.get("flags", rows.get("Features", "")).split())


def _settings(settings: Settings) -> Iterator[Finding]:
    changed = ", ".join(f"{name}={value}" for name, value in non_default(settings).items())
    yield Finding("settings", "ok", changed or "all at their defaults")
    Keys.of(settings)
    server_context(settings)
    WebhookSender.of(settings)
    can_fork(settings)
    open_backend(settings)
    if not settings.auth.api_keys and not is_loopback(settings.server.host):
        yield Finding("settings", "note", f"without {PREFIX}API_KEYS anyone who reaches the port may use it")
    if settings.server.workers > 1:
        heartbeat_folder()
    if ended := certificate_ended(settings):
        yield Finding("settings", "bad", ended)
    if settings.server.request_timeout < settings.server.body_timeout:
        yield Finding("settings", "note", f"{PREFIX}REQUEST_TIMEOUT ends before {PREFIX}BODY_TIMEOUT can")


def _threads(settings: Settings) -> Iterator[Finding]:
    cpus, workers = usable_cpus(), max(1, settings.server.workers)
    threads = inference_threads(settings.threads, workers)
    total = 0 if settings.models.inference_url else threads * workers  # threads that wait need no CPU
    text = f"{workers} process(es) with {threads} inference thread(s) each on {cpus} usable CPU(s)"
    yield Finding("threads", "note" if total > cpus else "ok", text)


def _memory(settings: Settings) -> Iterator[Finding]:
    limit, need = usable_memory(), memory_need(settings)
    text = f"{limit / MIB:.0f} MiB may be used; {need / MIB:.0f} MiB cover models, files and {PREFIX}MAX_INFLIGHT_BYTES"
    yield Finding("memory", "note" if limit < need else "ok", text)
    if settings.media.sandbox:
        plan = sandbox_plan(settings)
        large = f"{plan.large_jobs} at a time with {plan.large / MIB:.0f} MiB"
        text = f"{plan.helpers} decoding helper(s) per process, {large}"
        yield Finding("sandbox", "ok", text)
        if filter_library() is None:
            yield Finding("sandbox", "note", "libseccomp is missing: the helpers have no filter of system calls")


def _descriptors(settings: Settings) -> Iterator[Finding]:
    try:
        _, shortage = fit_connections(settings)
    except SetupError as error:
        yield Finding("files", "bad", str(error))
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = f"{most} descriptors may be open; {descriptors(settings)} are needed at most"
    yield Finding("files", "note" if shortage else "ok", shortage or enough)


def _weights(settings: Settings) -> Iterator[Finding]:
    models = settings.models
    for folder in filter(is_folder_pack, (models.pack, *models.also_read)):
        yield Finding("weights", "note", f"folder {folder}: no hashes to compare with")
    manifest = load_manifest(weights_folder(models.weights))
    own = () if is_folder_pack(models.pack) else manifest.pack(models.pack).models
    for spec in (*own, *manifest.older(models.also_read)):
        found = status(manifest, spec)
        text = f"{spec.name} {spec.version}: {found.state}, {found.size / 1e6:.1f} MB"
        yield Finding("weights", "ok" if found.state == "ready" else "bad", text)


def _inference(settings: Settings) -> Iterator[Finding]:
    start = time.perf_counter()
    engine = FaceEngine.load(settings)
    FolderService.load(engine, settings)
    loaded, times = time.perf_counter() - start, []
    for _ in range(PROBES):
        start = time.perf_counter()
        engine.probe()
        times.append(time.perf_counter() - start)
    backend = engine.backend
    took = f"loaded in {loaded:.2f} s, a synthetic image takes {min(times) * 1e3:.1f} ms on one thread"
    device = card() if uses_cuda(chosen_providers(settings)) else "CPU"
    if url := settings.models.inference_url:
        device = url
    yield Finding("inference", "ok", f"{backend.runtime} on {device}: {', '.join(backend.providers)}, {took}")
    for older in engine.older:
        text = f"templates of {older.identity} are read too, within {OLDER_MODEL / MIB:.0f} MiB of the memory above"
        yield Finding("also-read", "ok", text)
    backend.close()


def _storage(settings: Settings) -> Iterator[Finding]:
    if not settings.store.store:
        return
    from faceVer.storage.blobs.files import FileStorage  # its libraries are for servers that keep a store

    files = FileStorage.of(settings.store)
    files.check()
    yield Finding("storage", "ok" if files.key_name else "note", files.describe())


def _port(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.server.host or '*'}:{settings.server.port}"
    try:
        try_port(settings)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        # A running server is no fault: this command also checks an installation in use.
        yield Finding("port", "note" if taken else "bad", f"{where}: {error.strerror}")
    else:
        yield Finding("port", "ok", f"{where} is free")
