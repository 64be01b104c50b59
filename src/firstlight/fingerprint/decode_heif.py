"""HEIF and HEIC pictures, as phones write them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from firstlight.errors import DecodeError, TruncatedError
from firstlight.fingerprint.decode_end import is_cut_off
from firstlight.fingerprint.decode_picture import (
    ROUTE_STRICT,
    Content,
    DecodeOptions,
    Picture,
    Pixels,
    check_pixel_bound,
    decoder_faults,
)
from firstlight.model.bounds import Bounds

LABEL = "HEIF picture"


def decode_heif(content: Content, options: DecodeOptions) -> Picture:
    """Decode the primary picture of a HEIF file.

    Turning and mirroring are properties of the file (irot, imir), which the decoder applies;
    an orientation in its Exif block repeats them and is not applied again (ISO/IEC 23008-12).

    Args:
        content: The whole file.
        options: Of these, the strict route and the bounds.

    Raises:
        LimitError: More pixels than the bound, or out of memory.
        DecodeError: It does not decode.
        TruncatedError: Its boxes reach beyond the end of the file, and it does not decode.
    """
    try:
        return _decode(content, options.bounds)
    except DecodeError as error:
        if b"av01" in bytes(content[:65536]):
            # AV1 pixels in a file that calls itself HEIF: another decoder's matter.
            from firstlight.fingerprint.decode_pillow import decode_pillow

            return decode_pillow(content, replace(options, mime="image/avif"))
        if is_cut_off(content):
            raise TruncatedError(
                f"{LABEL} ends before enough of it is there", detail=error.detail
            ) from error
        raise


def open_heif_exif(content: Content) -> bytes | None:
    """Give the Exif block of a HEIF file without decoding its pixels; None if there is none.

    Raises:
        DecodeError: The file's structure cannot be read.
    """
    with decoder_faults(LABEL):
        return _exif_of(_open(content))


def _open(content: Content) -> Any:
    import pi_heif

    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = False
    pi_heif.options.DEPTH_IMAGES = False
    pi_heif.options.AUX_IMAGES = False
    return pi_heif.open_heif(bytes(content), convert_hdr_to_8bit=True)


def _decode(content: Content, bounds: Bounds) -> Picture:
    with decoder_faults(LABEL):
        heif = _open(content)
        width_px, height_px = heif.size
        check_pixel_bound(width_px, height_px, LABEL, bounds)
        exif = _exif_of(heif)
        has_alpha = bool(heif.has_alpha)
        pixels = _to_pixels(np.asarray(heif), is_premultiplied=bool(heif.premultiplied_alpha))
        frame_count = len(heif)
    return Picture(
        pixels=pixels,
        route=ROUTE_STRICT,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        frame_count=frame_count,
        has_alpha=has_alpha,
        exif=exif,
    )


def _to_pixels(samples: Pixels, *, is_premultiplied: bool) -> Pixels:
    # Always a copy: the samples lie in memory that goes with the decoder's object.
    if samples.ndim == 2:
        return np.array(samples, order="C")
    channels = samples.shape[2]
    if channels in (1, 3):
        return np.array(samples[:, :, 0] if channels == 1 else samples, order="C")
    from PIL import Image

    from firstlight.fingerprint.decode_colour import flatten

    mode = {2: "LA", 4: "RGBa" if is_premultiplied else "RGBA"}[channels]
    height, width = samples.shape[:2]
    return flatten(Image.frombytes(mode, (width, height), samples.tobytes()))[0]


def _exif_of(heif: Any) -> bytes | None:
    block = heif.info.get("exif")
    if not isinstance(block, bytes) or len(block) < 8:
        return None
    return block[6:] if block.startswith(b"Exif\x00\x00") else block
