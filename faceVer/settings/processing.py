"""Settings of request processing: limits, media, models, faces, comparison, liveness."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.errors import SettingsError
from faceVer.settings.field import MIB, PREFIX, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSettings:
    """Sizes and counts of requests."""

    max_file_bytes: int = setting(
        15 * MIB, "Largest image or media file, in bytes after base64 decoding.", low=1024, high=1024 * MIB
    )
    max_request_bytes: int = setting(160 * MIB, "Largest request body, in bytes as sent.", low=1024, high=4096 * MIB)
    max_inflight_bytes: int = setting(
        512 * MIB, "Bytes of request bodies that one process holds at a time; above it, 503.", low=1024, high=1 << 40
    )
    max_parts: int = setting(20_100, "Most parts of one multipart request.", low=1, high=1_000_000)
    max_samples: int = setting(500, "Most images of one extract_and_compare_n request.", low=1, high=100_000)
    max_media: int = setting(10, "Most media files of one folder request.", low=1, high=100)
    max_queue: int = setting(
        64, "Requests per process that may wait for an inference thread; further ones get 503.", low=0, high=100_000
    )

    def __post_init__(self) -> None:
        if self.max_inflight_bytes < self.max_request_bytes:
            raise SettingsError(f"{PREFIX}MAX_INFLIGHT_BYTES must not be below {PREFIX}MAX_REQUEST_BYTES")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """Images, videos and archives: limits and sampling."""

    max_pixels: int = setting(
        51_200_000, "Most pixels (width x height) of an image or a video frame.", low=4096, high=1_000_000_000
    )
    sandbox: bool = setting(
        True,
        "Decode files in confined helper processes, except plain JPEG and PNG; false = all in the server's process, "
        "without limits of memory and time.",
    )
    picture_cpu_seconds: float = setting(
        5.0, "CPU seconds that decoding a picture in the sandbox may take.", low=0.1, high=3600
    )
    media_cpu_seconds: float = setting(
        30.0, "CPU seconds that decoding a video or an archive in the sandbox may take.", low=0.1, high=3600
    )
    media_frames: int = setting(16, "Frames taken from a video or an archive, evenly spaced.", low=1, high=1000)
    media_side: int = setting(
        1280,
        "Longest side, in pixels, of a frame of a video or an archive; larger frames are scaled down.",
        low=64,
        high=16_384,
    )
    max_video_pixels: int = setting(
        9_437_184,
        "Most pixels of a video frame, if less than `max_pixels`; a decoder may use 55 bytes per pixel.",
        low=4096,
        high=1_000_000_000,
    )
    max_video_seconds: float = setting(180.0, "Longest video, in seconds.", low=0.1, high=86_400)
    max_video_frames: int = setting(20_000, "Most coded frames of a video.", low=1, high=10_000_000)
    max_video_work: int = setting(
        4_000_000_000,
        "Most pixels decoded to sample a video; above it only key frames are sampled.",
        low=1_000_000,
        high=1 << 50,
    )
    max_members: int = setting(300, "Most images of an archive.", low=1, high=100_000)
    max_expanded_bytes: int = setting(150 * MIB, "Most bytes an archive may expand to.", low=1024, high=1 << 40)
    max_folder_pixels: int = setting(
        500_000_000,
        "Most pixels decoded for all images of one request together, those in archives included; large JPEGs are "
        "decoded at a reduced size.",
        low=4096,
        high=1 << 40,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsSettings:
    """Model pack, weights and inference runtime."""

    pack: str = setting("open", "Model pack: a name from the manifest, or a folder of InsightFace ONNX files.")
    also_read: tuple[str, ...] = setting(
        (),
        "Packs (or recognition models of the manifest) whose templates are read beside the pack's own, separated by "
        "commas; for the time of a change (docs/packs.md).",
    )
    weights: str = setting(
        "", "Folder with manifest.toml and the prepared weights; empty = the one of the checkout or the installation."
    )
    device: str = setting(
        "cpu",
        "Where models run; auto = a CUDA card where ONNX Runtime's build can use one and one answers, else the CPU. "
        "The start fails where the card cannot be used.",
        choices=("cpu", "cuda", "auto"),
    )
    batch_items: int = setting(
        0,
        "Most images of one run of a model, from all requests; 0 = 16 on a CUDA card, 1 on the CPU.",
        low=0,
        high=256,
    )
    batch_wait: float = setting(
        1.0, "Milliseconds that an image waits for others, where runs hold several.", low=0, high=1000
    )
    providers: tuple[str, ...] = setting(
        (),
        "Instead of `device`: ONNX Runtime execution providers, in order of preference, separated by commas; options "
        "as Name:option=value. The start fails where one of them cannot be used.",
    )
    inference_url: str = setting(
        "",
        "An inference server that runs the models, as http://host:port (Open Inference Protocol, REST); empty = this "
        "process runs them.",
    )
    inference_timeout: float = setting(
        5.0, "Seconds that one call of the inference server may take.", low=0.05, high=600
    )
    data: str = setting("", "Folder of development data for `facever calibrate` and the accuracy tests.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FacesSettings:
    """Detection, the second-person rule and the quality gate."""

    detection: str = setting(
        "thorough",
        "Multiscale detection: quick is twice as fast as thorough and as accurate on average; its templates differ in "
        "the last digits (docs/faces.md).",
        choices=("thorough", "quick"),
    )
    detection_size: int = setting(
        192, "Longer side, in pixels, of the scaled copy for the first detection.", low=128, high=4096
    )
    detection_size_fine: int = setting(
        640,
        "Longer side, in pixels, of the scaled copy for the detection that follows where the first is not reliable.",
        low=128,
        high=4096,
    )
    detection_threshold: float = setting(0.5, "Lowest detector confidence of a face.", low=0.05, high=0.99)
    second_face_ratio: float = setting(
        0.25,
        "Smallest box side of a second person's face, as a share of the subject's; above 2 = the rule is off.",
        low=0.01,
        high=100,
    )
    second_face_aside: float = setting(
        0.7,
        "The same of a face much farther from the picture's centre than the subject's; 0 = as any other.",
        low=0,
        high=100,
    )
    second_face_blurred: float = setting(
        0.8, "The same of a face much less sharp than the subject's; 0 = as any other.", low=0, high=100
    )
    second_face_confidence: float = setting(
        0.5, "Lowest detector confidence of a second person's face.", low=0.05, high=1
    )
    min_face: int = setting(
        20, "Smallest face box side, in pixels of the decoded image, for a template.", low=1, high=1000
    )
    min_sharpness: float = setting(
        6.0, "Lowest sharpness of the aligned face (docs/faces.md) for a template.", low=0, high=1e6
    )
    min_inside: float = setting(
        0.4, "Smallest share of the aligned face inside the image for a template.", low=0, high=1
    )
    max_misfit: float = setting(
        6.0,
        "Largest alignment residual (distance of the landmarks from the reference, in pixels of the aligned face) for "
        "a template.",
        low=0,
        high=100,
    )

    def __post_init__(self) -> None:
        if self.detection_size_fine < self.detection_size:
            raise SettingsError(f"{PREFIX}DETECTION_SIZE_FINE must not be below {PREFIX}DETECTION_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """Thresholds of decisions, and template encryption."""

    approve_threshold: float = setting(0.85, "Lowest score of an approved comparison.", low=0, high=1)
    operator_threshold: float | None = setting(
        None,
        "Lowest score of a comparison decided operator_required, below `approve_threshold`; empty = no such decision.",
        low=0,
        high=1,
    )
    template_key: bytes | None = setting(
        None,
        "AES-256 key that encrypts templates: 32 bytes as 64 hex digits or base64; empty = not encrypted.",
        secret=True,
    )
    template_plain: str = setting(
        "auto",
        "Templates that are not encrypted: accept or refuse; auto = refuse if there is a `template_key`.",
        choices=("auto", "accept", "refuse"),
    )

    @property
    def accepts_plain_templates(self) -> bool:
        return self.template_plain == "accept" or self.template_key is None

    def __post_init__(self) -> None:
        if self.template_plain == "refuse" and self.template_key is None:
            raise SettingsError(f"{PREFIX}TEMPLATE_PLAIN=refuse needs {PREFIX}TEMPLATE_KEY")
        if self.operator_threshold is not None and self.operator_threshold > self.approve_threshold:
            raise SettingsError(f"{PREFIX}OPERATOR_THRESHOLD must not be above {PREFIX}APPROVE_THRESHOLD")


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessSettings:
    """Presentation attack detection (PAD), best shot, biometry analyses."""

    spoofing_threshold: float = setting(
        0.5, "Highest PAD score (0 = genuine, 1 = attack) that passes, if the request sets no threshold.", low=0, high=1
    )
    check_gesture: bool = setting(
        False,
        "Check that a video shows the gestures that its tags name, if the request does not say (docs/liveness.md).",
    )
    spoof_views: int = setting(
        12,
        "Fewest views of one media file that a liveness model scores; with fewer frames, several views per frame.",
        low=1,
        high=1000,
    )
    best_shot_quality: int = setting(92, "JPEG quality of a best shot.", low=30, high=100)
    best_shot_side: int = setting(
        1280, "Longest side, in pixels, of a best shot; larger frames are scaled down.", low=160, high=16_384
    )
    biometry_frames: int = setting(
        3, "Number of best frames of a video or an archive that are averaged into its template.", low=1, high=100
    )
