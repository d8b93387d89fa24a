"""GET /metrics: the numbers of all workers in Prometheus' text format."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from collections.abc import Iterable, Iterator

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from faceVer import __version__
from faceVer.domain.values import ModelInfo
from faceVer.http.ops.background_metrics import BackgroundMetrics
from faceVer.http.pipeline.endpoint import Lane
from faceVer.http.pipeline.executor import InferenceExecutor
from faceVer.inference.backend import Backend
from faceVer.observability.metrics import LANES, REQUEST_BOUNDS, STAGE_BOUNDS, Metrics

SAMPLE_SECONDS = 1.0
"""Seconds between two updates of a worker's Prometheus gauges, so how old those of another worker may be."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _MetricsCollector(Collector):
    """The metrics of all workers, as prometheus_client wants them."""

    def __init__(self, metrics: Metrics, backend: Backend, models: Iterable[ModelInfo]) -> None:
        self._metrics, self._backend, self._models = metrics, backend, tuple(models)
        self.lanes = ["inference", "media", "comparison"]
        """The lanes that are shown: that of storage only where there is a store."""

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        requests = CounterMetricFamily("facever_requests", "Requests answered.", labels=("route", "status", "code"))
        for route, (status, code), number in metrics.requests():
            requests.add_metric((route, status, code), number)
        yield requests
        yield _histogram(
            "facever_request_seconds", "Seconds from headers to response.", "route", metrics.latencies(), REQUEST_BOUNDS
        )
        yield _histogram(
            "facever_stage_seconds", "Seconds of the stages of requests.", "stage", metrics.stages(), STAGE_BOUNDS
        )
        overloads = CounterMetricFamily(
            "facever_overloads", "503 responses, by the limit that was reached.", labels=("reason",)
        )
        for reason, number in metrics.overloads().items():
            overloads.add_metric((reason,), number)
        yield overloads
        counts = metrics.counters()
        yield CounterMetricFamily("facever_received_bytes", "Bytes of request bodies.", value=counts["received_bytes"])
        yield CounterMetricFamily("facever_faces", "Faces found in samples.", value=counts["faces"])
        compared = CounterMetricFamily(
            "facever_templates_compared",
            "Stored templates compared, by what made them: the pack's model, or one of FACEVER_ALSO_READ.",
            labels=("model",),
        )
        for name in ("own", "older"):
            compared.add_metric((name,), counts[f"compared_{name}"])
        yield compared
        yield CounterMetricFamily(
            "facever_connections_opened", "Connections accepted.", value=counts["connections_opened"]
        )
        cut = CounterMetricFamily(
            "facever_connections_cut", "Connections closed because of a limit.", labels=("reason",)
        )
        for name in ("head", "write", "limit"):
            cut.add_metric((name,), counts[f"cut_{name}"])
        yield cut
        yield from self._gauges()
        models = GaugeMetricFamily("facever_model_info", "Loaded models.", labels=("task", "name", "version", "sha256"))
        for info in self._models:
            models.add_metric((info.task, info.name, info.version, info.sha256), 1)
        yield models
        build = GaugeMetricFamily(
            "facever_build_info", "Versions of server, runtime and Python.", labels=("version", "runtime", "python")
        )
        build.add_metric((__version__, self._backend.runtime, platform.python_version()), 1)
        yield build
        provider = GaugeMetricFamily(
            "facever_provider_info", "Execution providers that the models run on.", labels=("provider",)
        )
        for name in self._backend.providers:
            provider.add_metric((name,), 1)
        yield provider

    def _gauges(self) -> Iterator[Metric]:
        workers = self._metrics.gauges()
        yield GaugeMetricFamily("facever_workers", "Worker processes.", value=len(workers))
        in_flight = GaugeMetricFamily("facever_in_flight", "Admitted requests without a response.", labels=("lane",))
        queue = GaugeMetricFamily("facever_queue", "Calls that wait for a thread.", labels=("lane",))
        for lane in self.lanes:
            suffix = LANES[lane]
            in_flight.add_metric((lane,), sum(worker["in_flight" + suffix] for worker in workers))
            queue.add_metric((lane,), sum(worker["queue" + suffix] for worker in workers))
        yield in_flight
        yield queue
        yield GaugeMetricFamily(
            "facever_connections", "Open connections.", value=sum(worker["connections"] for worker in workers)
        )
        memory = GaugeMetricFamily(
            "facever_resident_bytes", "Resident memory of a worker, shared pages included.", labels=("pid",)
        )
        started = GaugeMetricFamily("facever_start_seconds", "Unix time a worker started.", labels=("pid",))
        for worker in workers:
            memory.add_metric((f"{worker['pid']:.0f}",), worker["memory"])
            started.add_metric((f"{worker['pid']:.0f}",), worker["started"])
        yield memory
        yield started


def _histogram(
    name: str, doc: str, label: str, rows: Iterable[tuple[str, list[float], float]], bounds: tuple[float, ...]
) -> HistogramMetricFamily:
    """rows: (value of the label, requests in each bucket, sum of seconds)."""
    family = HistogramMetricFamily(name, doc, labels=(label,))
    edges = [*(str(bound) for bound in bounds), "+Inf"]
    for value, counts, seconds in rows:
        buckets, cumulative = [], 0.0
        for edge, count in zip(edges, counts, strict=True):
            cumulative += count
            buckets.append((edge, cumulative))
        family.add_metric((value,), buckets, seconds)
    return family


class Exposition:
    """The text of /metrics, and a task that updates this worker's Prometheus gauges. models: all loaded models."""

    def __init__(
        self, metrics: Metrics, executor: InferenceExecutor, backend: Backend, models: Iterable[ModelInfo]
    ) -> None:
        self._metrics, self._executor = metrics, executor
        self._registry = CollectorRegistry(auto_describe=False)
        self._collector = _MetricsCollector(metrics, backend, models)
        self._registry.register(self._collector)
        self._task: asyncio.Task[None] | None = None
        self._background: BackgroundMetrics | None = None

    def sample(self) -> None:
        """Write this worker's Prometheus gauges to the shared metrics."""
        for name, suffix in LANES.items():
            lane = self._executor.lane(Lane(name))
            self._metrics.gauge("in_flight" + suffix, lane.requests)
            self._metrics.gauge("queue" + suffix, max(0, lane.pending - lane.threads))
        with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as stream:
            self._metrics.gauge("memory", int(stream.read().split()[1]) * _PAGE)

    async def _sample_periodically(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(SAMPLE_SECONDS)

    def start(self) -> None:
        self._task = asyncio.create_task(self._sample_periodically())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def add_background(self, background: BackgroundMetrics) -> None:
        """Show the background work of a store, too."""
        self._background = background
        self._collector.lanes.append("storage")
        self._registry.register(background)

    async def text(self) -> bytes:
        """The metrics of all workers in Prometheus' text format."""
        if self._background is not None:
            await self._background.refresh()
        self.sample()
        return generate_latest(self._registry)


EXPOSITION = web.AppKey("exposition", Exposition)


async def metrics_page(request: web.Request) -> web.Response:
    """The metrics of all workers for Prometheus."""
    # aiohttp's content_type= takes no value with parameters.
    return web.Response(body=await request.app[EXPOSITION].text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
