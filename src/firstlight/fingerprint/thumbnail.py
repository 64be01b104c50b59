"""The thumbnail inside a picture file: does it still show the same picture?"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from firstlight.errors import FirstlightError
from firstlight.fingerprint.decode_ifd import JPEG_BYTES, JPEG_OFFSET, walk_directories
from firstlight.fingerprint.decode_jpeg import decode_jpeg, find_exif
from firstlight.fingerprint.decode_picture import Content, DecodeOptions, Pixels
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import PdqHash

THUMBNAIL_MAX_BYTES: Final = 1 << 20
THUMBNAIL_MAX_PIXELS: Final = 2_000_000

DIFFERS_FROM_BITS: Final = 80
"""Distance from which a thumbnail shows something else.

Of 40 camera pictures whose thumbnails show the same, 39 lay within 42 bits and one, whose
camera crops its thumbnails, at 72. A crop by 5 % on every side moves PDQ by 87 bits in the
median; other pictures, nearest of eight variants, lie near 117.
"""

_LETTERBOX_FROM: Final = 0.02
_BOXED: Final = frozenset(("image/heic", "image/heif", "image/avif"))


def find_thumbnail(content: Content, mime: str, exif: bytes | None = None) -> bytes | None:
    """Find the JPEG thumbnail that a camera put beside the picture.

    Args:
        content: The whole file.
        mime: The type as the content tells it.
        exif: The Exif block, where decoding has met one.

    Returns:
        The thumbnail's bytes; None where there is none, or where the file's own previews are
        the picture (RAW).
    """
    block: Content | None = exif
    if mime == "image/tiff":
        block = content
    elif mime == "image/jpeg":
        block = exif or find_exif(content)
    elif mime in _BOXED:
        block = exif or _search_exif(content)
    if block is None:
        return None
    for directory in walk_directories(block):
        start, length = directory.number(JPEG_OFFSET), directory.number(JPEG_BYTES)
        if directory.position == "0" or start is None or length is None:
            continue
        if 0 < length <= THUMBNAIL_MAX_BYTES and bytes(block[start : start + 2]) == b"\xff\xd8":
            return bytes(block[start : start + length])
    return None


def _search_exif(content: Content) -> bytes | None:
    # Where an Exif block lies in boxed files takes tables to find; how it begins is plain.
    held = bytes(content)
    for begin in (b"Exif\x00\x00MM\x00*", b"Exif\x00\x00II*\x00"):
        at = held.find(begin)
        if at >= 0:
            return held[at + 6 : at + 6 + THUMBNAIL_MAX_BYTES]
    return None


def compare_thumbnail(
    thumbnail: bytes, picture_hash: PdqHash, *, width_px: int, height_px: int, bounds: Bounds
) -> bool | None:
    """Compare a thumbnail with the picture that it came with.

    Black bars that fill a thumbnail to 4:3 and a thumbnail that was not turned along with its
    picture do not count as differences.

    Args:
        thumbnail: JPEG bytes.
        picture_hash: PDQ of the full picture.
        width_px, height_px: Of the full picture, as shown.
        bounds: The pixel bound.

    Returns:
        True when it shows something else; None when either says too little to be compared,
        or the thumbnail does not decode.
    Evidence: A differing thumbnail often shows the picture before it was cropped or edited.
    """
    if not picture_hash.is_matchable:
        return None
    options = DecodeOptions("image/jpeg", strict=False, bounds=bounds)
    try:
        pixels = decode_jpeg(thumbnail, options).pixels
    except FirstlightError:
        return None
    if pixels.size > THUMBNAIL_MAX_PIXELS:
        return None
    views = [pixels, *_without_bars(pixels, width_px / height_px)]
    hashes = [hash_pixels(view, route=picture_hash.route) for view in views]
    distances = [_nearest(found, picture_hash) for found in hashes if found.is_matchable]
    return min(distances) >= DIFFERS_FROM_BITS if distances else None


def _without_bars(pixels: Pixels, aspect: float) -> list[Pixels]:
    """Cut a thumbnail to the picture's aspect, about its middle."""
    height, width = pixels.shape[:2]
    own = width / height
    # A thumbnail that was not turned has the picture's aspect the other way round.
    aspect = min(aspect, 1 / aspect, key=lambda value: abs(math.log(value / own)))
    if abs(math.log(aspect / own)) < _LETTERBOX_FROM:
        return []
    if aspect > own:
        kept = max(1, round(width / aspect))
        top = (height - kept) // 2
        return [np.ascontiguousarray(pixels[top : top + kept])]
    kept = max(1, round(height * aspect))
    left = (width - kept) // 2
    return [np.ascontiguousarray(pixels[:, left : left + kept])]


def _nearest(thumbnail: PdqHash, picture: PdqHash) -> int:
    code = int.from_bytes(picture.code, "big")
    return min(
        (int.from_bytes(thumbnail.codes[at : at + 32], "big") ^ code).bit_count()
        for at in range(0, 256, 32)
    )
