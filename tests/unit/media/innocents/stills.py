"""Pictures of the face as Pillow, libjpeg-turbo, libheif, FFmpeg, OpenCV and others write them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import av
import cv2
import numpy as np
import pillow_heif
import simplejpeg
import tifffile
from PIL import Image

from tests.support_faces import encoded, turned_away
from tests.support_media import encode_video, face_frames
from tests.unit.media.innocents.corpus import FACE, pixels_of
from tests.unit.media.innocents.profiles import in_profile

_INTERLACED = 1 << 18  # AV_CODEC_FLAG_INTERLACED_DCT: of PNG, Adam7
_FORMATS = {"RGB": "rgb24", "RGBA": "rgba", "L": "gray"}


def ffmpeg_still(codec: str, pix_fmt: str, picture: Image.Image | np.ndarray = FACE, *, interlaced: bool = False,
                 colours: tuple[int, int] | None = None) -> bytes:  # fmt: skip
    """colours: the codes of primaries and transfer that the file names. An array is RGB of 16 bits."""
    wide = isinstance(picture, np.ndarray)
    samples = np.asarray(picture)
    frame = av.VideoFrame.from_ndarray(samples, format="rgb48le" if wide else _FORMATS[picture.mode])
    context: Any = av.CodecContext.create(codec, "w")
    context.height, context.width = samples.shape[:2]
    context.pix_fmt, context.time_base = pix_fmt, 1
    if interlaced:
        context.flags |= _INTERLACED
    frame = frame.reformat(format=pix_fmt)
    if colours:
        frame.color_primaries, frame.color_trc = context.color_primaries, context.color_trc = colours
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def opencv_still(kind: str, samples: np.ndarray) -> bytes:
    """samples: RGB, gray or RGBA."""
    order = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[samples.shape[2] if samples.ndim == 3 else 2]
    return bytes(cv2.imencode(kind, samples if order is None else cv2.cvtColor(samples, order))[1])


def tiff_still(samples: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.ascontiguousarray(samples), **options)
    return stream.getvalue()


def turbo_still(colorspace: str, subsampling: str) -> bytes:
    """A JPEG of libjpeg-turbo's own interface. CMYK becomes YCCK, inverted as Adobe does."""
    picture = pixels_of(FACE) if colorspace == "RGB" else 255 - np.asarray(FACE.convert("CMYK"))
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(picture), 92, colorspace, subsampling))


def many(kind: str, *others: Image.Image, first: Image.Image = FACE, **options: object) -> bytes:
    """An animation, or a file of several pictures."""
    copies = [other.copy() for other in others]  # Pillow notes in a picture how it was last saved
    return encoded(first.copy(), kind, save_all=True, append_images=copies, **options)


def with_profile(kind: str, picture: Image.Image, profile: bytes, **options: Any) -> bytes:
    """The picture in the colour space of a profile, which the file carries."""
    return encoded(in_profile(picture, profile), kind, icc_profile=profile, **options)


def google_motion_photo() -> bytes:
    """A JPEG whose XMP data tells how long the video behind it is."""
    video = encode_video(face_frames(2, 160, 120))
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" '
        f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(video)}"/></rdf:RDF></x:xmpmeta>'
    )
    return encoded(FACE, xmp=xmp.encode()) + video


def samsung_motion_photo() -> bytes:
    """A JPEG whose video stands in a trailer that ends in a directory."""
    name = b"MotionPhoto_Data"
    entry = b"\0\0\x30\x0a" + len(name).to_bytes(4, "little") + name + encode_video(face_frames(2, 160, 120))
    directory = b"SEFH\x6b\0\0\0\1\0\0\0\0\0\x30\x0a" + 2 * len(entry).to_bytes(4, "little")
    return encoded(FACE) + entry + directory + len(directory).to_bytes(4, "little") + b"SEFT"


def heif(
    picture: Image.Image | np.ndarray = FACE,
    *,
    bits: int = 8,
    orientation: int = 1,
    others: Sequence[Image.Image] = (),
    thumbnails: Sequence[int] = (),
    depth_map: bool = False,
    brand: bytes = b"",
    **options: Any,
) -> bytes:
    """A HEIC file of libheif. orientation: stored turned, with `irot`, `imir` and EXIF data that undo it.

    depth_map: the alpha plane is called a map of depth. brand: the major one. An array is RGB of 16 bits.
    """
    if isinstance(picture, np.ndarray):
        made = pillow_heif.from_bytes("RGB;16", picture.shape[1::-1], picture.tobytes())
    else:
        stored = Image.open(io.BytesIO(turned_away(picture, orientation, "PNG")))
        wide = (np.asarray(stored).astype(np.uint16) * 257).tobytes() if bits > 8 else stored.tobytes()
        made = pillow_heif.from_bytes(stored.mode + (";16" if bits > 8 else ""), stored.size, wide)
        if orientation > 1:
            made.info["exif"] = stored.getexif().tobytes()
    made.info["thumbnails"] = list(thumbnails)
    for other in others:
        made.add_from_pillow(other)
    stream = io.BytesIO()
    with _twelve_bits(bits == 12):
        made.save(stream, **{"quality": 92, **options})
    data = stream.getvalue()
    if depth_map:
        data = data.replace(b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:hevc:2015:auxid:2")
        data = data.replace(b"cicp:systems:auxiliary:alpha", b"cicp:systems:auxiliary:depth")
    return data[:8] + (brand or data[8:12]) + data[12:]


@contextmanager
def _twelve_bits(is_asked: bool) -> Iterator[None]:
    pillow_heif.options.SAVE_HDR_TO_12_BIT = is_asked
    yield
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False


def ffmpeg_avif(
    picture: Image.Image | np.ndarray = FACE, pix_fmt: str = "yuv420p", tags: Sequence[int] = (6, 1, 13)
) -> bytes:
    """An AVIF file of FFmpeg's muxer. tags: the codes of matrix, primaries and transfer. An array is of 16 bits."""
    stream, samples = io.BytesIO(), np.asarray(picture)
    with av.open(stream, "w", format="avif") as out:
        options = {"preset": "8", "crf": "10", "svtav1-params": "avif=1"}
        track: Any = out.add_stream("libsvtav1", rate=1, options=options)
        track.height, track.width = samples.shape[:2]
        track.pix_fmt = pix_fmt
        context = track.codec_context
        context.colorspace, context.color_primaries, context.color_trc = tags
        context.color_range = 1
        frame = av.VideoFrame.from_ndarray(samples, format="rgb24" if samples.dtype == np.uint8 else "rgb48le")
        frame = frame.reformat(
            format=pix_fmt, dst_colorspace={6: "ITU601", 9: "BT2020"}[tags[0]], dst_color_range="MPEG"
        )
        frame.colorspace, frame.color_primaries, frame.color_trc = tags
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    return stream.getvalue()
