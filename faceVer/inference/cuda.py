"""NVIDIA's driver and libraries, as far as the start needs them."""

from __future__ import annotations

import ctypes

import onnxruntime

NAME_BYTES = 256


def card() -> str:
    """The name of the first CUDA card, "" where none answers."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return ""
    device, name = ctypes.c_int(), ctypes.create_string_buffer(NAME_BYTES)
    if (
        driver.cuInit(0)
        or driver.cuDeviceGet(ctypes.byref(device), 0)
        or driver.cuDeviceGetName(name, NAME_BYTES, device)
    ):
        return ""
    return name.value.decode(errors="replace")


def load_libraries() -> None:
    """Load CUDA's and cuDNN's libraries from the packages of PyPI, which the linker does not search."""
    if preload := getattr(onnxruntime, "preload_dlls", None):  # since 1.21
        preload()
