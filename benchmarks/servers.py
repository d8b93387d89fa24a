"""Real servers on 127.0.0.1: the product and the baselines, each a command."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import ENVIRONMENTS, Environment, UnavailableError, published_models

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "baselines"
HEALTH = "/v1/face/pattern/health"
START_SECONDS, STOP_SECONDS = 90, 30


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to start a server: port -> command; variables it gets; the path that answers 200 once it works."""

    name: str
    command: Callable[[int], list[str]]
    variables: dict[str, str] = field(default_factory=dict)
    ready: str = HEALTH
    folder: Path = ROOT


@dataclass(slots=True)
class Server:
    """A running server. ready: seconds from the process's start to its first good answer of the ready path."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    ready: float = 0.0

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
        """One request on a connection of its own; the body of the answer, which must be 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{self.name}: {method} {path} gave {response.status}: {data[:300]!r}")
        return data

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: what it started goes with it
            self.process.wait(STOP_SECONDS)


def product(workers: int, *, quick: bool = False) -> Recipe:
    """The product with its defaults, with so many workers, or looking for faces quickly."""
    command = str(Path(sys.executable).with_name("facever"))
    return Recipe(
        f"{'quick' if quick else 'product'}-{workers}",
        lambda port: (
            [command, "serve", "--host", "127.0.0.1", "--port", str(port)]
            + (["--workers", str(workers)] if workers > 1 else [])
        ),
        {"FACEVER_DETECTION": "quick"} if quick else {},
    )


def earlier(checkout: Path) -> Recipe:
    """Another checkout of the product, with its own weights, in this environment: one worker."""
    return Recipe(
        "earlier-1",
        lambda port: [sys.executable, "-m", "faceVer", "serve", "--host", "127.0.0.1", "--port", str(port)],
        {"PYTHONPATH": str(checkout)},
        folder=checkout,
    )


def plain() -> Recipe:
    python, models = Environment("plain").ensure(), published_models()
    return Recipe("plain", lambda port: [str(python), str(SCRIPTS / "plain.py"), str(port), str(models)])


def bare(answer: str) -> Recipe:
    python = Environment("plain").ensure()
    return Recipe("bare", lambda port: [str(python), str(SCRIPTS / "bare.py"), str(port), answer])


def face_recognition() -> Recipe:
    python = Environment("face_recognition").ensure()
    return Recipe("face_recognition", lambda port: [str(python), str(SCRIPTS / "dlib_server.py"), str(port)])


def deepface() -> Recipe:
    """deepface's own API server as its image starts it, with the one recognition model whose weights PyPI carries."""
    python = Environment("deepface").ensure()
    home = ENVIRONMENTS / "deepface-home"
    weights = home / ".deepface" / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    name = "dlib_face_recognition_resnet_model_v1.dat"
    packages = (ENVIRONMENTS / "deepface" / "lib").glob("python*/site-packages")
    source = next((path for one in packages for path in one.glob(f"face_recognition_models/models/{name}")), None)
    if source is None:
        raise UnavailableError(f"deepface: face_recognition_models holds no {name}")
    if not (weights / name).is_file():
        shutil.copyfile(source, weights / name)
    variables = {
        "DEEPFACE_HOME": str(home),
        "DEEPFACE_FACE_RECOGNITION_MODELS": "Dlib",
        "DEEPFACE_FACE_DETECTION_MODELS": "opencv",
    }
    gunicorn = [str(python), "-m", "gunicorn", "--workers=1", "--timeout=7200"]
    app = "deepface.api.src.app:create_app()"
    return Recipe("deepface", lambda port: [*gunicorn, f"--bind=127.0.0.1:{port}", app], variables, "/", home)


def start(recipe: Recipe, folder: Path, seconds: float = START_SECONDS) -> Server:
    """Start a server and wait until it works, for so long at most; its output goes to a file in `folder`."""
    port = free_port()
    # The product runs with its defaults, not with the shell's settings.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FACEVER_")}
    log = folder / f"{recipe.name}-{port}.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            recipe.command(port),
            cwd=recipe.folder,
            env={**variables, **recipe.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(recipe.name, port, process, log)
    try:
        if _ready(server, recipe, began, seconds):
            return server
    except BaseException:
        server.stop()
        raise
    server.stop()
    raise UnavailableError(f"{recipe.name} did not start: {log.read_text(errors='replace')[-600:].strip()}")


def _ready(server: Server, recipe: Recipe, began: float, seconds: float) -> bool:
    """Wait for the server's first good answer."""
    while time.perf_counter() - began < seconds:
        if server.process.poll() is not None:
            return False
        try:
            server.call("GET", recipe.ready)
        except (OSError, http.client.HTTPException, RuntimeError):
            time.sleep(0.02)
            continue
        server.ready = time.perf_counter() - began
        return True
    return False


@contextmanager
def running(recipe: Recipe, folder: Path, seconds: float = START_SECONDS) -> Iterator[Server]:
    server = start(recipe, folder, seconds)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
