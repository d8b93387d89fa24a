"""The face as the encoders get it: gray, transparent, of few colours, of inks, of 16 bits, large."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.unit.media.innocents.corpus import FACE, GRAY

LOSSLESS = 1.0
"""The most that the pixels of a format without losses may differ: conversions round."""
LARGE = FACE.resize((3840, 4800), Image.Resampling.BICUBIC)
HALF = LARGE.reduce(2)
PALETTE, SIXTEEN = FACE.quantize(256), FACE.quantize(16)
HIDDEN = Image.new("L", FACE.size, 255)
HIDDEN.paste(0, (0, 320, 60, 400))
"""An alpha plane with a corner that is transparent."""
ALPHA, GRAY_ALPHA, NO_ALPHA = FACE.copy(), GRAY.copy(), FACE.copy()
ALPHA.putalpha(HIDDEN)
GRAY_ALPHA.putalpha(HIDDEN)
NO_ALPHA.putalpha(0)
OVER_WHITE = Image.composite(FACE, Image.new("RGB", FACE.size, "white"), HIDDEN)
GRAY_OVER_WHITE = Image.composite(GRAY, Image.new("L", FACE.size, 255), HIDDEN)
BLACK_IS_WHITE = GRAY.point([255, *range(1, 256)])
CMYK = FACE.convert("CMYK")
INKS_ALPHA = np.dstack([np.asarray(CMYK), np.asarray(HIDDEN)])
WIDE, WIDE_GRAY, WIDE_HIDDEN = (np.asarray(picture).astype(np.uint16) * 257 for picture in (FACE, GRAY, HIDDEN))
OTHER = GRAY.convert("RGB")
ODD = FACE.crop((0, 0, 319, 399))
SIDEWAYS = FACE.transpose(Image.Transpose.ROTATE_90)
