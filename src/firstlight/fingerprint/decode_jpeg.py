"""JPEG pictures: our own look at the header, pixels through libjpeg-turbo."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from firstlight.errors import DecodeError, LimitError, TruncatedError
from firstlight.fingerprint.decode_ifd import read_orientation
from firstlight.fingerprint.decode_picture import (
    ROUTE_GREY,
    ROUTE_STRICT,
    Content,
    DecodeOptions,
    Picture,
    Pixels,
    check_pixel_bound,
    decoder_faults,
    turn_pixels,
)

LABEL: Final = "JPEG picture"

PROGRESSIVE_SCANS_MAX: Final = 500
"""Scans of a progressive JPEG: each one costs a pass over the whole picture."""

_START_OF_FRAME: Final = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), 0xC9, 0xCA, 0xCB))
_PROGRESSIVE: Final = frozenset((0xC2, 0xC6, 0xCA))
_LOSSLESS: Final = frozenset((0xC3, 0xC7, 0xCB))
_STANDS_ALONE: Final = frozenset((0x01, 0xD8, *range(0xD0, 0xD8)))
_START_OF_SCAN: Final = 0xDA
_END_OF_IMAGE: Final = 0xD9
_APP1: Final = 0xE1
_HEADER_SEGMENTS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the first scan of a JPEG.

    Args:
        width_px, height_px: As stored, before the orientation.
        component_count: 1 grey, 3 colour, 4 CMYK or YCCK.
        precision_bits: Bits of one sample.
        process: Low byte of the start-of-frame marker (0xC0 baseline, 0xC2 progressive).
        orientation: From the first Exif block, 1 where there is none.
        exif: That Exif block, a TIFF structure.
        scan_offset: Where the first scan begins.
    """

    width_px: int
    height_px: int
    component_count: int
    precision_bits: int
    process: int
    orientation: int
    exif: bytes | None
    scan_offset: int

    @property
    def is_progressive(self) -> bool:
        """Whether the picture is refined in several passes."""
        return self.process in _PROGRESSIVE

    @property
    def is_lossless(self) -> bool:
        """Whether it is coded as RAW files code sensor data, which is no picture to show."""
        return self.process in _LOSSLESS


def read_jpeg_header(content: Content) -> JpegHeader:
    """Read size, components and orientation without decoding.

    Raises:
        DecodeError: No frame header is found before the first scan.
        TruncatedError: The content ends before the first scan.
    Cost: Microseconds; it stops at the first scan.
    """
    frame: tuple[int, int, int, int, int] | None = None
    exif: bytes | None = None
    position = 2
    if bytes(content[:2]) != b"\xff\xd8":
        raise DecodeError(f"{LABEL} does not decode: its structure is not of this type")
    for _ in range(_HEADER_SEGMENTS_MAX):
        found = _next_segment(content, position)
        if found is None:
            break
        marker, start, end = found
        if marker == _END_OF_IMAGE:
            raise DecodeError(f"{LABEL} does not decode: it ends before its pixels")
        if marker == _START_OF_SCAN:
            if frame is None:
                raise DecodeError(f"{LABEL} does not decode: it states no size")
            orientation = read_orientation(exif) if exif else 1
            return JpegHeader(*frame, orientation, exif, start)
        if marker in _START_OF_FRAME and end - start >= 6 and frame is None:
            precision, height, width, count = struct.unpack_from(">BHHB", content, start)
            frame = (width, height, count, precision, marker)
        elif marker == _APP1 and exif is None and bytes(content[start : start + 4]) == b"Exif":
            exif = bytes(content[start + 6 : end])
        position = end
    raise TruncatedError(f"{LABEL} ends before its pixels begin")


def find_exif(content: Content) -> bytes | None:
    """Find the Exif block of a JPEG, as far as its header can be read at all."""
    position = 2
    for _ in range(_HEADER_SEGMENTS_MAX):
        found = _next_segment(content, position)
        if found is None or found[0] in (_START_OF_SCAN, _END_OF_IMAGE):
            return None
        marker, start, end = found
        if marker == _APP1 and bytes(content[start : start + 4]) == b"Exif":
            return bytes(content[start + 6 : end])
        position = end
    return None


def decode_jpeg(content: Content, options: DecodeOptions) -> Picture:
    """Decode a JPEG as far as it goes, upright.

    Args:
        content: The whole file.
        options: Of these, the strict route and the bounds.

    Raises:
        LimitError: More pixels or more scans than the bounds allow.
        DecodeError: Nothing of it decodes.
        TruncatedError: It ends before its pixels begin.
    Cost: One full-scale decode; a damaged file is decoded twice.
    """
    header = read_jpeg_header(content)
    check_pixel_bound(header.width_px, header.height_px, LABEL, options.bounds)
    if header.is_lossless or header.precision_bits != 8:
        raise DecodeError(
            f"{LABEL} does not decode: {header.precision_bits}-bit "
            f"{'lossless ' if header.is_lossless else ''}coding is not supported"
        )
    if header.is_progressive and bytes(content).count(b"\xff\xda") > PROGRESSIVE_SCANS_MAX:
        raise LimitError(f"{LABEL} has more than {PROGRESSIVE_SCANS_MAX} scans")
    if header.component_count not in (1, 3):
        # CMYK and YCCK: Pillow knows Adobe's inverted ink values.
        from firstlight.fingerprint.decode_pillow import decode_pillow

        return decode_pillow(content, replace(options, mime="image/jpeg"))
    colourspace = "RGB" if options.strict and header.component_count == 3 else "GRAY"
    try:
        pixels, fault = _decode_pixels(content, header, colourspace)
    except DecodeError as error:
        if "too early" not in error.message:
            raise
        raise TruncatedError(f"{LABEL} ends before enough of it is there") from error
    if fault == "truncated" and pixels.min() == pixels.max():
        # One grey all over is what the decoder fills in for pixels that it never met.
        raise TruncatedError(f"{LABEL} ends before enough of it is there")
    pixels = turn_pixels(pixels, header.orientation)
    return Picture(
        pixels=pixels,
        route=ROUTE_STRICT if options.strict else ROUTE_GREY,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        is_truncated=fault == "truncated",
        orientation=header.orientation,
        exif=header.exif,
        notes=("odd data: decoded as far as it goes",) if fault else (),
    )


def _decode_pixels(
    content: Content, header: JpegHeader, colourspace: str
) -> tuple[Pixels, str | None]:
    import simplejpeg

    fault: str | None = None
    with decoder_faults(LABEL):
        try:
            pixels: Pixels = simplejpeg.decode_jpeg(content, colorspace=colourspace)
        except ValueError as error:
            # Said by libjpeg of what it can live with; the second call lives with it.
            fault = _fault_of(str(error).lower())
            channels = 3 if colourspace == "RGB" else 1
            # Grey beforehand, so that what is never reached is the same in every run.
            grey = np.full(header.width_px * header.height_px * channels, 128, np.uint8)
            pixels = simplejpeg.decode_jpeg(
                content, colorspace=colourspace, strict=False, buffer=grey
            )
    return (pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), fault


def _fault_of(said: str) -> str:
    if "extraneous bytes" in said:
        # Bytes too many between segments: all the pixels are there.
        return "odd"
    return "truncated" if "premature end" in said or "corrupt" in said else "odd"


def _next_segment(content: Content, position: int) -> tuple[int, int, int] | None:
    """Give marker, start and end of the next segment's payload; None at the content's end."""
    size = len(content)
    while True:
        if position + 1 >= size:
            return None
        if content[position] != 0xFF:
            # Junk between segments: decoders skip it, so do we.
            position = _find_marker(content, position)
            continue
        marker = content[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == 0x00 or marker in _STANDS_ALONE:
            position += 2
        elif marker == _END_OF_IMAGE:
            return marker, position + 2, position + 2
        else:
            break
    if position + 4 > size:
        return None
    (length,) = struct.unpack_from(">H", content, position + 2)
    start, end = position + 4, position + 2 + max(2, length)
    return (marker, start, end) if end <= size else None


def _find_marker(content: Content, position: int) -> int:
    window = np.frombuffer(
        content, np.uint8, count=min(1 << 16, len(content) - position), offset=position
    )
    hits = np.flatnonzero(window == 0xFF)
    return position + (int(hits[0]) if len(hits) else len(window))
