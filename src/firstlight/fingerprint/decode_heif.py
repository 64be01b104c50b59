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

_HEAD_BYTES = 65536


def decode_heif(content: Content, options: DecodeOptions) -> Picture:
    """Decode the primary picture of a HEIF file.

    Turning and mirroring are properties of the file (irot, imir), which the decoder applies;
    an orientation in its Exif block repeats them and is not applied again (ISO/IEC 23008-12).

    Args:
        content: The whole file.
        options: Of these, the bounds.

    Raises:
        LimitError: More pixels than the bound, or out of memory.
        DecodeError: It does not decode.
        TruncatedError: Its boxes reach beyond the end of the file, and it does not decode.
    """
    try:
        return _decode(content, options.bounds)
    except DecodeError as error:
        if b"av01" in bytes(content[:_HEAD_BYTES]):
            # AV1 pixels in a file that calls itself HEIF: another decoder's matter.
            from firstlight.fingerprint.decode_pillow import decode_pillow

            return decode_pillow(content, replace(options, mime="image/avif"))
        if is_cut_off(content):
            raise TruncatedError(
                f"{LABEL} ends before enough of it is there", detail=error.detail
            ) from error
        raise


def _decode(content: Content, bounds: Bounds) -> Picture:
    with decoder_faults(LABEL):
        images = _open(content)
        image = next((image for image in images if image.primary), images[0])
        (width_px, height_px), mode = image.size_mode
        check_pixel_bound(width_px, height_px, LABEL, bounds)
        pixels, has_alpha = _to_pixels(image, mode)
    return Picture(
        pixels=pixels,
        route=ROUTE_STRICT,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        frame_count=len(images),
        has_alpha=has_alpha,
    )


def _open(content: Content) -> list[Any]:
    # Below pi_heif's own classes: those read all of the metadata on opening, and that crashes
    # the process on some damaged files (1.4.0). Here only pixels are wanted.
    from pi_heif.heif import _pi_heif

    threads, to_8_bit, bgr, tight, to_16_bit = 1, True, False, True, False
    held = bytes(content)
    found = _pi_heif.load_file(held, threads, to_8_bit, bgr, tight, to_16_bit, "", False)
    images = [image for image in found if image is not None]
    if not images:
        raise DecodeError(f"{LABEL} does not decode: it holds no picture")
    return images


def _to_pixels(image: Any, mode: str) -> tuple[Pixels, bool]:
    channels = {"L": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}.get(mode)
    if channels is None:
        raise DecodeError(f"{LABEL} does not decode: a kind that is not supported")
    data = image.data
    (width, height), _ = image.size_mode
    # Always a copy: the samples lie in memory that goes with the decoder's object.
    stored = np.frombuffer(data, np.uint8, height * image.stride).reshape(height, image.stride)
    samples = stored[:, : width * channels].reshape(height, width, channels).copy()
    if channels in (1, 3):
        return (samples[:, :, 0].copy() if channels == 1 else samples), False
    from PIL import Image

    from firstlight.fingerprint.decode_colour import flatten

    pixels, had_alpha, _ = flatten(Image.frombytes(mode, (width, height), samples.tobytes()))
    return pixels, had_alpha
