"""PDQ of decoded pixels, with its quality and the reason when that is low."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firstlight.model.fingerprint import MATCHABLE_QUALITY, PdqHash
from firstlight.native.pdq import compute_pdq
from firstlight.native.pdq_twin import SMALLEST_PX, PdqNumbers

PIPELINE_VERSION = "pdq-1"
"""Rises with every change that may move a bit: decoding, luminance, filter."""

FLAT_SPREAD_LEVELS = 8.0
"""Of 255 grey levels: a picture whose brightness spans less is called flat."""


def hash_pixels(
    pixels: NDArray[np.uint8],
    *,
    route: str,
    frame_index: int = 0,
    time_s: float | None = None,
) -> PdqHash:
    """Fingerprint one decoded picture or video frame.

    Args:
        pixels: As shown, that is after the stated orientation; grey or RGB.
        route: How they were reached, ``grey`` or ``strict``; kept beside the hash.
        frame_index: Position among the sampled frames; 0 for a still.
        time_s: Time of the frame in its video; None for a still.
    Shapes: pixels (h, w) or (h, w, 3) uint8.
    Raises:
        FingerprintShapeError: Another shape or dtype.
    Cost: 12 megapixels in a few milliseconds; grows with the number of pixels.
    Evidence: A low quality says that the picture has too little in it to be told from others;
        such a hash is kept with its reason, and compared with nothing.
    """
    numbers = compute_pdq(pixels)
    return PdqHash(
        codes=numbers.codes,
        quality=numbers.quality,
        route=route,
        version=PIPELINE_VERSION,
        frame_index=frame_index,
        time_s=time_s,
        reason=_why_low(numbers, height=pixels.shape[0], width=pixels.shape[1]),
    )


def code_hex(code: bytes) -> str:
    """Return one code as PDQ's usual text of 64 hexadecimal digits."""
    return code.hex()


def _why_low(numbers: PdqNumbers, *, height: int, width: int) -> str | None:
    if numbers.quality >= MATCHABLE_QUALITY:
        return None
    if min(height, width) < SMALLEST_PX:
        return f"too small: {width}x{height} px"
    if numbers.spread < FLAT_SPREAD_LEVELS:
        return "flat picture"
    return f"few edges: quality {numbers.quality} of 100"
