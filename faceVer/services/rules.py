"""The rule objects that media and vision get, made from the settings."""

from __future__ import annotations

from faceVer.media.decoder import Decoder
from faceVer.media.limits import MediaLimits, PixelBudget
from faceVer.media.sandbox.pool import Sandbox
from faceVer.services.memory_plan import sandbox_plan
from faceVer.settings.model import Settings
from faceVer.vision.detection.rules import DetectionRules
from faceVer.vision.packs import PackSelection
from faceVer.vision.quality_gate import QualityGateRules


def media_limits(settings: Settings, media_count: int = 1) -> MediaLimits:
    """The limits of one request, whose `media_count` media items share the decoding work it may cost."""
    media = settings.media
    return MediaLimits(
        budget=PixelBudget(media.max_folder_pixels),
        frames=media.media_frames,
        side=media.media_side,
        max_pixels=media.max_pixels,
        max_video_pixels=min(media.max_video_pixels, media.max_pixels),
        max_video_seconds=media.max_video_seconds,
        max_video_frames=media.max_video_frames,
        max_video_work=media.max_video_work // max(1, media_count),
        max_members=media.max_members,
        max_member_bytes=settings.limits.max_file_bytes,
        max_expanded_bytes=media.max_expanded_bytes,
    )


def decoder(settings: Settings) -> Decoder:
    """What decodes the files of clients."""
    return Decoder(Sandbox(sandbox_plan(settings)) if settings.media.sandbox else None)


def pack_selection(settings: Settings) -> PackSelection:
    """The models to load."""
    models = settings.models
    return PackSelection(models.pack, models.weights, settings.faces.detection_threshold, models.also_read)


def detection_rules(settings: Settings) -> DetectionRules:
    """How faces are detected, and which count as a second person."""
    faces = settings.faces
    return DetectionRules(
        faces.detection_size,
        faces.detection_size_fine,
        faces.second_face_ratio,
        faces.second_face_confidence,
        faces.second_face_aside,
        faces.second_face_blurred,
        faces.detection == "quick",
    )


def quality_gate_rules(settings: Settings) -> QualityGateRules:
    """What a face must have for a template."""
    faces = settings.faces
    return QualityGateRules(faces.min_face, faces.min_inside, faces.max_misfit, faces.min_sharpness)
