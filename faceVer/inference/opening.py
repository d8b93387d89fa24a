"""Settings -> the backend: which device, which of its providers, batches or not."""

from __future__ import annotations

from faceVer.domain.errors import SetupError
from faceVer.inference.backend import Backend
from faceVer.inference.batched import BatchedBackend, Batches
from faceVer.inference.cuda import card, load_libraries
from faceVer.inference.fixed_shapes import buckets
from faceVer.inference.manifest import is_folder_pack, load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend, available_providers
from faceVer.inference.providers import CPU
from faceVer.inference.remote.backend import RemoteBackend
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings

CUDA = "CUDAExecutionProvider"
ON_CARD = (f"{CUDA}:cudnn_conv_algo_search=HEURISTIC:arena_extend_strategy=kSameAsRequested", CPU)
"""The default search times every algorithm of every convolution, at each start. The arenas of the sessions, one for
each shape and batch, take what they need and no powers of two."""
ITEMS = 16
"""Images of one run on a card: on an H100 64 bring a fifth more, and take four times as long."""


def open_backend(settings: Settings) -> Backend:
    """The backend of the configured device or server. Raises SetupError where a device cannot be used."""
    if settings.models.inference_url:
        return _remote(settings)
    providers = chosen_providers(settings)
    if uses_cuda(providers):
        load_libraries()
    inner, most = OnnxBackend(providers), batch_items(settings)
    if most == 1:
        return inner
    faces = settings.faces
    shapes = buckets((faces.detection_size, faces.detection_size_fine))
    return BatchedBackend(inner, Batches(most, settings.models.batch_wait / 1e3, shapes))


def _remote(settings: Settings) -> Backend:
    models = settings.models
    if models.device != "cpu" or models.providers or models.batch_items:
        raise SetupError(
            f"{PREFIX}INFERENCE_URL: the server has the device; leave {PREFIX}DEVICE, PROVIDERS and BATCH_ITEMS alone"
        )
    if is_folder_pack(models.pack):
        raise SetupError(f"{PREFIX}INFERENCE_URL needs a pack of the manifest, not a folder")
    specs = load_manifest(weights_folder(models.weights)).models
    return RemoteBackend(models.inference_url, specs, models.inference_timeout)


def chosen_providers(settings: Settings) -> tuple[str, ...]:
    """FACEVER_PROVIDERS, or else those of FACEVER_DEVICE. Raises SetupError."""
    models = settings.models
    if models.providers:
        return models.providers
    if models.device == "cpu":
        return (CPU,)
    offered = CUDA in available_providers()
    if offered and card():
        return ON_CARD
    if models.device == "auto":
        return (CPU,)
    reason = "no CUDA card answers" if offered else "this build of ONNX Runtime has no CUDA (install onnxruntime-gpu)"
    raise SetupError(f"{PREFIX}DEVICE=cuda: {reason}")


def uses_cuda(providers: tuple[str, ...]) -> bool:
    return any(provider.partition(":")[0] == CUDA for provider in providers)


def batch_items(settings: Settings) -> int:
    """Most items of one run; 1 = no batches. Raises SetupError."""
    return settings.models.batch_items or (ITEMS if uses_cuda(chosen_providers(settings)) else 1)


def can_fork(settings: Settings) -> bool:
    """Whether models that are loaded before a fork work after it: on the CPU, and without threads of their own.

    Raises SetupError where processes cannot share the device at all.
    """
    providers = chosen_providers(settings)
    if uses_cuda(providers) and settings.server.workers > 1:
        raise SetupError(
            f"one process uses a CUDA card: set {PREFIX}WORKERS=1, and {PREFIX}THREADS for more requests at a time"
        )
    return providers == (CPU,) and batch_items(settings) == 1
