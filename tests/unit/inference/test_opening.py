"""Which device and providers the settings choose, with builds and cards that are not there."""

from __future__ import annotations

import ctypes
from unittest.mock import Mock

import onnxruntime
import pytest

from faceVer.domain.errors import SetupError
from faceVer.inference import cuda, opening
from faceVer.inference.batched import BatchedBackend
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.opening import CUDA, ON_CARD, can_fork, chosen_providers, open_backend
from faceVer.inference.providers import CPU
from faceVer.settings.model import Settings


def machine(monkeypatch: pytest.MonkeyPatch, *, build: tuple[str, ...], card: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*build, CPU])
    monkeypatch.setattr(opening, "card", lambda: card)
    monkeypatch.setattr(opening, "load_libraries", lambda: None)


@pytest.mark.parametrize(
    ("device", "build", "card", "chosen"),
    [
        ("cpu", (CUDA,), "H100", (CPU,)),
        ("cuda", (CUDA,), "H100", ON_CARD),
        ("auto", (CUDA,), "H100", ON_CARD),
        ("auto", (CUDA,), "", (CPU,)),
        ("auto", (), "H100", (CPU,)),
    ],
)
def test_the_device_names_the_providers(
    monkeypatch: pytest.MonkeyPatch, device: str, build: tuple[str, ...], card: str, chosen: tuple[str, ...]
) -> None:
    machine(monkeypatch, build=build, card=card)
    assert chosen_providers(Settings.of(device=device)) == chosen
    assert chosen_providers(Settings.of(device=device, providers=("Other",))) == ("Other",)


@pytest.mark.parametrize(("build", "reason"), [((CUDA,), "no CUDA card answers"), ((), "onnxruntime-gpu")])
def test_a_card_that_is_wanted_and_missing_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, build: tuple[str, ...], reason: str
) -> None:
    machine(monkeypatch, build=build, card="")
    with pytest.raises(SetupError, match=f"FACEVER_DEVICE=cuda: .*{reason}"):
        open_backend(Settings.of(device="cuda"))


def test_only_a_card_gets_batches_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_backend(Settings()), OnnxBackend)
    assert isinstance(open_backend(Settings.of(batch_items=2)), BatchedBackend)
    machine(monkeypatch, build=(CUDA,), card="H100")
    assert isinstance(open_backend(Settings.of(device="cuda")), BatchedBackend)
    assert isinstance(open_backend(Settings.of(device="cuda", batch_items=1)), OnnxBackend)


def test_a_session_without_the_card_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, build=(CUDA,), card="H100")
    session = Mock(**{"get_providers.return_value": [CPU]})
    monkeypatch.setattr(onnxruntime, "InferenceSession", Mock(return_value=session))
    with pytest.raises(SetupError, match=f"{CUDA} is configured, but ONNX Runtime uses {CPU}"):
        open_backend(Settings.of(device="cuda")).load("eyes", Mock())


def test_a_card_out_of_memory_stops_the_start_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, build=(CUDA,), card="H100")
    failure = RuntimeError("CUDA failure 2:\n  out of memory ;\n  GPU=0")
    monkeypatch.setattr(onnxruntime, "InferenceSession", Mock(side_effect=failure))
    with pytest.raises(SetupError, match=r"^ONNX Runtime cannot load x: CUDA failure 2: out of memory ; GPU=0$"):
        OnnxBackend((CUDA, CPU)).add("eyes", b"", "x")


def test_only_models_of_the_cpu_without_threads_survive_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    assert can_fork(Settings.of(workers=2))
    assert not can_fork(Settings.of(workers=2, batch_items=4))
    machine(monkeypatch, build=(CUDA,), card="H100")
    assert not can_fork(Settings.of(device="cuda"))
    with pytest.raises(SetupError, match="one process uses a CUDA card"):
        can_fork(Settings.of(device="auto", workers=2))


def test_a_machine_without_a_driver_has_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", Mock(side_effect=OSError))
    assert cuda.card() == ""


@pytest.mark.parametrize(("status", "name"), [(0, "H100"), (100, "")])
def test_the_driver_names_the_card(monkeypatch: pytest.MonkeyPatch, status: int, name: str) -> None:
    driver = Mock()
    driver.cuInit.return_value = status
    driver.cuDeviceGet.return_value = 0

    def name_of(buffer: ctypes.Array[ctypes.c_char], size: int, device: object) -> int:
        buffer.value = b"H100"
        return 0

    driver.cuDeviceGetName.side_effect = name_of
    monkeypatch.setattr(ctypes, "CDLL", Mock(return_value=driver))
    assert cuda.card() == name
