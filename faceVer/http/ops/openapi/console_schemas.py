"""Schemas of what the console's page asks for."""

from __future__ import annotations

from typing import Any

from faceVer.http.ops.openapi.schema import BASE64, Schema, array, choice, closed, count, ref, share, text

_STATUS_DIGIT = "^[1-5]$"


def console_schemas() -> dict[str, Schema]:
    """By name."""
    return {
        "ConsoleAbout": _about(),
        "ConsoleStatus": _status(),
        "ConsoleFace": _face(),
        "ConsoleLiveness": _liveness(),
    }


def _about() -> Schema:
    model = closed(
        "A loaded model.",
        {
            "task": text("What it does."),
            "name": text("Its name in the manifest."),
            "version": text("The manifest's version."),
            "sha256": text("The first hex digits of its file's SHA-256.", pattern="^[0-9a-f]{12}$"),
            "licence": text("Its licence; empty where the manifest tells none."),
        },
    )
    point = closed(
        "A measured operating point.",
        {
            "fmr": share("False match rate."),
            "cosine": _number("Cosine of two templates.", minimum=-1, maximum=1),
            "score": share("Comparison score."),
            "tar": share("Share of mated comparisons that score as high."),
        },
    )
    return closed(
        "What the server is.",
        {
            "version": text("Version of the server."),
            "runtime": text("The inference runtime and its version."),
            "language": choice("Language of error messages.", ("en", "ru")),
            "docs": _flag("Whether this document is served."),
            "key": _flag("Whether an API key is asked for."),
            "liveness": _flag("Whether the liveness models are loaded."),
            "models": array(model, "Every loaded model.", minItems=1),
            "thresholds": closed(
                "What decides.",
                {
                    "approve": share("Score from which a comparison is approved."),
                    "operator": share("Score from which it is operator_required; the same as approve: no such band."),
                    "spoofing": share("Highest chance of a presentation attack that passes."),
                },
            ),
            "calibration": closed(
                "The map from cosine to comparison score.",
                {
                    "slope": _number("Its slope.", exclusiveMinimum=0),
                    "midpoint": _number("Its midpoint.", minimum=-1, maximum=1),
                    "source": text("What it was fitted on; empty where it was not fitted for this model."),
                    "points": array(point, "What was measured there."),
                },
            ),
            "limits": closed(
                "What is let in.",
                {
                    "file_bytes": count("Largest file, in bytes."),
                    "request_bytes": count("Largest request, in bytes."),
                    "pixels": count("Most pixels of a picture."),
                    "parts": count("Most parts of a form."),
                    "media": count("Most media of a folder request."),
                    "video_seconds": _number("Longest video, in seconds.", minimum=0),
                    "video_pixels": count("Most pixels of a video frame."),
                    "archive_members": count("Most pictures of an archive."),
                    "frames": count("Frames taken from a video or an archive."),
                },
            ),
        },
    )


def _status() -> Schema:
    trouble = "empty where the models work, else why they do not."
    return closed(
        "How the server does, all workers together.",
        {
            "health": closed(
                "Whether the models work.",
                {"pattern": text(f"Recognition: {trouble}"), "liveness": text(f"Liveness: {trouble}")},
            ),
            "requests": {
                "type": "object",
                "description": "Requests for work answered, by the first digit of their HTTP status.",
                "propertyNames": {"pattern": _STATUS_DIGIT},
                "additionalProperties": count("How many.", 0),
            },
            "overloads": count("Answers of 503.", 0),
            "faces": count("Faces found in samples.", 0),
            "in_flight": count("Requests whose body is in and whose answer is not out.", 0),
            "queue": count("Calls that wait for a thread.", 0),
            "connections": count("Open connections.", 0),
            "workers": count("Worker processes.", 0),
            "memory": count("Resident memory, shared pages counted for each worker, in bytes.", 0),
            "uptime": _number("Seconds since the oldest worker began.", minimum=0),
        },
    )


def _face() -> Schema:
    point = array(_number("x, then y."), "A point.", minItems=2, maxItems=2)
    face = closed(
        "A face; the subject is the first.",
        {
            "role": choice(
                "subject; second, who keeps a template from being made; background, who is passed over.",
                ("subject", "second", "background"),
            ),
            "box": array(_number("An edge."), "Left, top, right, bottom, in pixels of the preview.", **_four()),
            "landmarks": array(
                point, "Eyes, nose tip, corners of the mouth, in pixels of the preview.", minItems=5, maxItems=5
            ),
            "confidence": share("The detector's own."),
            "side": count("Side of the box, in pixels of the sample.", 0),
        },
    )
    error = closed(
        "The error that `extract` would answer.",
        {"code": text("Its code."), "message": text("Its words."), "why": text("More exactly.")},
    )
    return closed(
        "What a picture shows.",
        {
            "width": count("Width of the upright sample, in pixels."),
            "height": count("Height of the upright sample, in pixels."),
            "turned": {
                "enum": [0, 90, 180, 270],
                "description": "Degrees counter-clockwise it was turned by to find a face.",
            },
            "preview": _picture("The picture, as boxes and landmarks are told in."),
            "faces": array(face, "The faces found."),
            "template": {
                "type": ["string", "null"],
                "pattern": BASE64,
                "description": "The template as base64; null where there is none.",
            },
            "template_bytes": {
                "type": ["integer", "null"],
                "minimum": 1,
                "description": "Its size in bytes; null likewise.",
            },
            "error": {"description": "Why there is no template; null where there is one.", **_or_null(error)},
        },
    )


def _liveness() -> Schema:
    frame = closed(
        "A frame that was looked at; attack, weight, alone and box are null where it has no part in the score.",
        {
            "index": count("Its place among the frames taken, from 0.", 0),
            "time": _number("Seconds from the beginning; 0 where there is no clock.", minimum=0),
            "name": text("Name of the archive's member, else empty."),
            "attack": {**share("The chance of a presentation attack in this frame."), "type": ["number", "null"]},
            "weight": {**share("What the frame counts for."), "type": ["number", "null"]},
            "alone": {"type": ["boolean", "null"], "description": "Whether no second face that counts was seen."},
            "box": {
                "type": ["array", "null"],
                "items": _number("An edge."),
                "description": "The subject's left, top, right, bottom as shares of width and height.",
                **_four(),
            },
            "turned": _flag("Whether it was turned to find the face, and so does not lie as the medium does."),
            "picture": _picture("The frame, upright."),
        },
    )
    return closed(
        "The liveness of one medium, frame by frame.",
        {
            "score": {
                **share("The chance of a presentation attack; null where the analysis failed."),
                "type": ["number", "null"],
            },
            "threshold": share("Highest chance that passes."),
            "passed": {"type": ["boolean", "null"], "description": "Whether it passes; null where there is no score."},
            "frames": array(frame, "Every frame that was looked at, in order."),
            "document": ref("FolderDocument"),
        },
    )


def _picture(description: str) -> Schema:
    return closed(
        description,
        {
            "width": count("Its width, in pixels."),
            "height": count("Its height, in pixels."),
            "jpeg": text("A JPEG as base64.", pattern=BASE64),
        },
    )


def _number(description: str, **more: Any) -> Schema:
    return {"type": "number", "description": description, **more}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _four() -> dict[str, int]:
    return {"minItems": 4, "maxItems": 4}


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [{"type": "null"}, schema]}
