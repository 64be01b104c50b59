"""TIFF pictures, and the RAW files that call themselves TIFF."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from firstlight.errors import DecodeError, TruncatedError
from firstlight.fingerprint.decode_ifd import (
    COMPRESSION,
    DNG_VERSION,
    PHOTOMETRIC,
    walk_directories,
)
from firstlight.fingerprint.decode_picture import Content, DecodeOptions, Picture
from firstlight.fingerprint.decode_pillow import decode_pillow

_COLOUR_FILTER_ARRAY: Final = 32803
_LINEAR_RAW: Final = 34892
_SENSOR_CODINGS: Final = frozenset((32767, 32769, 32770, 34713, 65000, 65535))


def decode_tiff(content: Content, options: DecodeOptions) -> Picture:
    """Decode the first page of a TIFF; of a RAW file, the largest embedded preview.

    Args:
        content: The whole file.
        options: Of these, the strict route and the bounds.

    Raises:
        LimitError: More pixels than the bound.
        DecodeError: Neither a page nor a preview decodes.
        TruncatedError: Neither decodes, because the end is missing.
    """
    from firstlight.fingerprint.raw_preview import decode_raw

    if holds_sensor_data(content):
        return decode_raw(content, options)
    try:
        return decode_pillow(content, replace(options, mime="image/tiff"))
    except (DecodeError, TruncatedError) as error:
        try:
            return decode_raw(content, options)
        except (DecodeError, TruncatedError):
            raise error from None


def holds_sensor_data(content: Content) -> bool:
    """Whether a TIFF structure is a RAW file: it holds what the sensor saw, not a picture."""
    for directory in walk_directories(content):
        if DNG_VERSION in directory.extents:
            return True
        if directory.number(PHOTOMETRIC) in (_COLOUR_FILTER_ARRAY, _LINEAR_RAW):
            return True
        if directory.number(COMPRESSION) in _SENSOR_CODINGS:
            return True
    return False
