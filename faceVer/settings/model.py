"""Settings: one frozen object, read once at the start by `faceVer.settings.loader`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from faceVer.domain.errors import SettingsError

PREFIX = "FACEVER_"
MIB = 1024 * 1024


def setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """A settings field: its default, what it is for (with the unit), and the closed range or choices it must be in."""
    return field(
        default=default,
        repr=not secret,
        metadata={"doc": doc, "low": low, "high": high, "choices": choices, "secret": secret},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, with its default; the docstring of each is its `doc` (`facever settings` prints them)."""

    # serving
    host: str = setting("0.0.0.0", "Address to listen on.")  # noqa: S104 - a server's default, as the README says
    port: int = setting(8080, "TCP port to listen on.", low=0, high=65535)
    workers: int = setting(1, "Server processes; above 1 they run under gunicorn.", low=1, high=256)
    threads: int = setting(
        0,
        "Inference threads per process; 0 = the CPUs this process may use, shared among the workers.",
        low=0,
        high=512,
    )
    language: str = setting("en", "Language of error messages.", choices=("en", "ru"))
    cors_origins: tuple[str, ...] = setting(
        ("*",), "Origins that browsers may call from, separated by commas; empty = none."
    )
    tls_cert: str = setting("", "PEM file of the server's certificate and its chain; empty = plain HTTP.")
    tls_key: str = setting("", "PEM file of the certificate's private key.")
    tls_minimum: str = setting("1.2", "Lowest TLS version that is spoken.", choices=("1.2", "1.3"))
    api_keys: tuple[str, ...] = setting(
        (),
        "API keys that are let in, separated by commas: name:SHA-256 of the key (`facever keys new`); empty = no key.",
        secret=True,
    )
    console: str = setting(
        "auto",
        "Whether the browser console is served at /; auto = unless there are API keys.",
        choices=("auto", "on", "off"),
    )
    docs: bool = setting(True, "Whether /openapi.json and the documentation page /docs are served.")
    metrics_key: bool = setting(False, "Whether /metrics needs an API key, too.")
    log_level: str = setting(
        "INFO", "Least severe level that is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = setting("text", "Shape of log lines on standard error.", choices=("text", "json"))
    max_queue: int = setting(
        64, "Requests per process that may wait for an inference thread; one more gets 503.", low=0, high=100_000
    )
    retry_after: int = setting(1, "Seconds a 503 asks the client to wait.", low=1, high=3600)
    request_timeout: float = setting(
        120.0, "Seconds from a request's head to its answer; past them, 503.", low=0.1, high=3600
    )
    head_timeout: float = setting(
        15.0, "Seconds a request's head, or a TLS handshake, may take to arrive.", low=0.1, high=3600
    )
    body_timeout: float = setting(60.0, "Seconds a request's body may take to arrive.", low=0.1, high=3600)
    write_timeout: float = setting(
        30.0, "Seconds a client may take none of its answer before it is cut off.", low=0.1, high=3600
    )
    keepalive_timeout: float = setting(
        75.0, "Seconds an idle connection is kept; let it be more than the reverse proxy's.", low=0.1, high=86_400
    )
    max_connections: int = setting(
        1000,
        "Connections per process; past them requests get 503, and far past them none is let in.",
        low=1,
        high=1 << 20,
    )
    max_header_bytes: int = setting(8190, "Longest request line, and longest header, in bytes.", low=256, high=65_536)
    max_headers: int = setting(100, "Most headers of a request.", low=8, high=1000)
    rate_limit: float = setting(
        0.0,
        "Requests per second and process of one API key (without keys: one address); 0 = no limit.",
        low=0,
        high=1e6,
    )
    rate_burst: int = setting(20, "Requests that may come at once within `rate_limit`.", low=1, high=1_000_000)
    inference_nice: int = setting(
        0, "How much lower the inference threads' priority is than the event loop's (nice).", low=0, high=19
    )
    uvloop: bool = setting(True, "Whether the event loop is uvloop's; else asyncio's own.")
    drain_seconds: float = setting(
        0.0, "Seconds at shutdown during which /readyz is 503 while requests are still taken.", low=0, high=600
    )
    shutdown_timeout: float = setting(20.0, "Seconds running requests get to finish at shutdown.", low=0, high=3600)
    health_ttl: float = setting(3.0, "Seconds a health answer is reused.", low=0, high=60)
    health_timeout: float = setting(
        10.0, "Seconds the health inference may take before the processor counts as inoperative.", low=0.1, high=120
    )

    # limits
    max_file_bytes: int = setting(
        15 * MIB, "Largest image or media file, in bytes after base64 is undone.", low=1024, high=1024 * MIB
    )
    max_request_bytes: int = setting(160 * MIB, "Largest request body, in bytes as sent.", low=1024, high=4096 * MIB)
    max_inflight_bytes: int = setting(
        512 * MIB, "Bytes of bodies one process holds at a time; past it, 503.", low=1024, high=1 << 40
    )
    max_parts: int = setting(20_100, "Most parts of one multipart request.", low=1, high=1_000_000)
    max_samples: int = setting(500, "Most images of one extract_and_compare_n request.", low=1, high=100_000)
    max_pixels: int = setting(
        50_000_000, "Most pixels (width x height) of a picture or a video frame.", low=4096, high=1_000_000_000
    )
    max_media: int = setting(10, "Most media files of one folder request.", low=1, high=100)

    # models
    pack: str = setting("open", "Model pack: a name from the manifest, or a folder of InsightFace ONNX files.")
    weights: str = setting(
        "", "Folder of manifest.toml and the prepared weights; empty = the checkout's or the installation's own."
    )
    providers: tuple[str, ...] = setting(
        ("CPUExecutionProvider",), "ONNX Runtime execution providers, in order of preference, separated by commas."
    )
    data: str = setting("", "Folder of development data for `facever calibrate` and the accuracy tests.")

    # faces
    detection: str = setting(
        "thorough",
        "How faces are looked for: thorough, or quick, which is twice as fast, as accurate on average, and gives other "
        "templates' last digits (docs/faces.md).",
        choices=("thorough", "quick"),
    )
    detection_size: int = setting(
        192, "Longer side, in pixels, of the copy a face is first looked for in.", low=128, high=4096
    )
    detection_size_fine: int = setting(
        640, "Longer side, in pixels, of the copy used where the first look is not enough.", low=128, high=4096
    )
    detection_threshold: float = setting(0.5, "Least detector confidence of a face.", low=0.05, high=0.99)
    second_face_ratio: float = setting(
        0.25,
        "A second face counts as a second person from this share of the subject's box side; above 2 = never.",
        low=0.01,
        high=100,
    )
    second_face_confidence: float = setting(
        0.5, "Least detector confidence of a second face that counts.", low=0.05, high=1
    )
    min_face: int = setting(
        20, "Least box side, in pixels of the decoded picture, to make a template of.", low=1, high=1000
    )
    min_sharpness: float = setting(
        6.0, "Least sharpness of the aligned face (docs/faces.md) to make a template of.", low=0, high=1e6
    )
    min_inside: float = setting(
        0.4, "Least share of the aligned face that lies inside the picture to make a template of.", low=0, high=1
    )
    max_misfit: float = setting(
        6.0,
        "Most distance, in pixels of the aligned face, of its landmarks from a face's to make a template of.",
        low=0,
        high=100,
    )

    # comparison
    approve_threshold: float = setting(0.85, "Score from which a comparison is approved.", low=0, high=1)
    operator_threshold: float | None = setting(
        None,
        "Score from which a comparison below `approve_threshold` is operator_required; empty = no such band.",
        low=0,
        high=1,
    )
    template_key: bytes | None = setting(
        None,
        "AES-256 key for templates: 32 bytes as 64 hex digits or as base64; empty = templates are not encrypted.",
        secret=True,
    )

    # media
    media_frames: int = setting(16, "Frames taken from a video or an archive, evenly spaced.", low=1, high=1000)
    media_side: int = setting(
        1280,
        "Longest side, in pixels, of a frame of a video or an archive; larger ones are scaled down.",
        low=64,
        high=16_384,
    )
    max_video_pixels: int = setting(
        9_437_184,
        "Most pixels of a video frame, where less than `max_pixels`; a decoder may take 55 bytes for each.",
        low=4096,
        high=1_000_000_000,
    )
    max_video_seconds: float = setting(180.0, "Longest video, in seconds.", low=0.1, high=86_400)
    max_video_frames: int = setting(20_000, "Most coded frames of a video.", low=1, high=10_000_000)
    max_video_work: int = setting(
        4_000_000_000,
        "Most pixels decoded to reach the frames taken from a video; past it they are taken at key frames.",
        low=1_000_000,
        high=1 << 50,
    )
    max_members: int = setting(300, "Most pictures of an archive.", low=1, high=100_000)
    max_expanded_bytes: int = setting(150 * MIB, "Most bytes an archive may expand to.", low=1024, high=1 << 40)

    max_folder_pixels: int = setting(
        500_000_000,
        "Most pixels that the pictures of one folder request, archives' included, may have together.",
        low=4096,
        high=1 << 40,
    )

    # folder analyses
    spoofing_threshold: float = setting(
        0.5, "Highest chance of an attack that still passes, where the request names none.", low=0, high=1
    )
    webhook_hosts: tuple[str, ...] = setting(
        (), "Hosts documents may be sent to, separated by commas: host, *.domain, either with :port; empty = none."
    )
    webhook_http: bool = setting(False, "Whether documents may be sent by plain HTTP.")
    webhook_secret: str = setting("", "Secret of the signature of sent documents; empty = not signed.", secret=True)
    webhook_attempts: int = setting(6, "Most attempts to deliver one document.", low=1, high=100)
    webhook_deadline: float = setting(
        300.0, "Seconds after which a document that could not be delivered is given up.", low=1, high=86_400
    )
    webhook_queue: int = setting(
        100, "Documents per process that may wait for delivery; one more is dropped.", low=1, high=100_000
    )
    webhook_grace: float = setting(10.0, "Seconds waiting documents get to be delivered at shutdown.", low=0, high=3600)

    # liveness
    spoof_views: int = setting(
        12,
        "Least looks of a liveness model at one medium: with fewer frames each is looked at several times.",
        low=1,
        high=1000,
    )
    best_shot_quality: int = setting(92, "JPEG quality of a best shot.", low=30, high=100)
    best_shot_side: int = setting(
        1280, "Longest side, in pixels, of a best shot; larger frames are scaled down.", low=160, high=16_384
    )
    biometry_frames: int = setting(
        3, "Frames of a video or an archive, the best ones, that its template is made of.", low=1, high=100
    )

    def __post_init__(self) -> None:
        if self.operator_threshold is not None and self.operator_threshold > self.approve_threshold:
            raise SettingsError(f"{PREFIX}OPERATOR_THRESHOLD must not be above {PREFIX}APPROVE_THRESHOLD")
        if self.max_inflight_bytes < self.max_request_bytes:
            raise SettingsError(f"{PREFIX}MAX_INFLIGHT_BYTES must not be below {PREFIX}MAX_REQUEST_BYTES")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY must be set together")
        if self.detection_size_fine < self.detection_size:
            raise SettingsError(f"{PREFIX}DETECTION_SIZE_FINE must not be below {PREFIX}DETECTION_SIZE")
