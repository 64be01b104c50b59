"""RAW files through the largest JPEG preview that the camera put into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from firstlight.errors import DecodeError, FirstlightError, LimitError, TruncatedError
from firstlight.fingerprint.decode_ifd import (
    JPEG_BYTES,
    JPEG_OFFSET,
    STRIP_BYTES,
    STRIP_OFFSETS,
    is_tiff_structure,
    read_orientation,
    walk_directories,
)
from firstlight.fingerprint.decode_jpeg import JpegHeader, decode_jpeg, read_jpeg_header
from firstlight.fingerprint.decode_picture import Content, DecodeOptions, Picture, turn_pixels

LABEL: Final = "RAW picture"

CANDIDATES_MAX: Final = 64
"""Most places that are looked at as possible previews."""

TRIES_MAX: Final = 4
"""Most previews that are tried, largest first."""

_JPEG_START: Final = b"\xff\xd8\xff"
_PLAIN_TIFF: Final = (b"II*\x00", b"MM\x00*")
_PANASONIC_PREVIEW: Final = 0x002E
_FUJI_MAGIC: Final = b"FUJIFILMCCD-RAW"
_CANON_ORIENTATION_BOX: Final = b"CMT1"


def decode_raw(content: Content, options: DecodeOptions) -> Picture:
    """Decode the largest embedded preview of a RAW file, upright.

    Args:
        content: The whole file.
        options: Of these, the strict route and the bounds.

    Raises:
        DecodeError: No preview decodes.
        LimitError: The previews are larger than the bound.
    Cost: A walk over the directories, else one search through the file; one decode.
    Evidence: A preview is the camera's rendering; it may be smaller than the RAW picture.
    """
    view = memoryview(content)
    candidates = _rank(view, _stated_previews(view))
    if not candidates or candidates[0][0] < 640 * 480:
        candidates = _rank(view, {*_found_previews(view), *(span for _, span, _ in candidates)})
    refused: FirstlightError | None = None
    for _, (start, end), header in candidates[:TRIES_MAX]:
        try:
            picture = decode_jpeg(view[start:end], options)
        except (DecodeError, TruncatedError, LimitError) as error:
            refused = refused or error
            continue
        return _upright(picture, header, view)
    if isinstance(refused, LimitError):
        raise refused
    return _first_page(content, options)


def _first_page(content: Content, options: DecodeOptions) -> Picture:
    # Some makers put the preview in as plain pixels: then it is the first page of a TIFF.
    from firstlight.fingerprint.decode_pillow import decode_pillow

    refusal = DecodeError(f"{LABEL} does not decode: no preview in it could be used")
    if bytes(content[:4]) not in _PLAIN_TIFF:
        raise refusal
    try:
        picture = decode_pillow(content, replace(options, mime="image/tiff"))
    except (DecodeError, TruncatedError) as error:
        raise refusal from error
    return replace(picture, notes=(*picture.notes, "embedded preview of a RAW file"))


def _upright(picture: Picture, header: JpegHeader, view: memoryview) -> Picture:
    # A preview with an Exif block of its own says how it stands; one without follows its file.
    notes = (*picture.notes, "embedded preview of a RAW file")
    orientation = 1 if header.exif else _stated_orientation(view)
    if orientation == 1:
        return replace(picture, notes=notes)
    pixels = turn_pixels(picture.pixels, orientation)
    return replace(
        picture,
        pixels=pixels,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        orientation=orientation,
        notes=notes,
    )


def _stated_orientation(view: memoryview) -> int:
    if is_tiff_structure(view):
        return read_orientation(view)
    # Canon's CR3: the first directory lies in a box of its own near the start.
    head = bytes(view[:65536])
    at = head.find(_CANON_ORIENTATION_BOX)
    if at < 0:
        return 1
    size = int.from_bytes(head[max(0, at - 4) : at], "big")
    return read_orientation(view[at + 4 : at + 4 + min(size, 65536)])


def _rank(
    view: memoryview, spans: set[tuple[int, int]]
) -> list[tuple[int, tuple[int, int], JpegHeader]]:
    """Order possible previews by pixels, largest first; what is no usable JPEG drops out."""
    ranked = []
    for start, end in sorted(spans)[:CANDIDATES_MAX]:
        try:
            header = read_jpeg_header(view[start:end])
        except FirstlightError:
            continue
        if header.is_lossless or header.precision_bits != 8:
            continue
        ranked.append((header.width_px * header.height_px, (start, end), header))
    ranked.sort(key=lambda candidate: (-candidate[0], candidate[1]))
    return ranked


def _stated_previews(view: memoryview) -> set[tuple[int, int]]:
    """Where the file's own directories say that a JPEG lies."""
    spans: set[tuple[int, int]] = set()
    if bytes(view[:15]) == _FUJI_MAGIC and len(view) >= 92:
        start = int.from_bytes(view[84:88], "big")
        spans.update(_within(view, start, int.from_bytes(view[88:92], "big")))
    for directory in walk_directories(view):
        start_at, length = directory.number(JPEG_OFFSET), directory.number(JPEG_BYTES)
        if start_at is not None and length is not None:
            spans.update(_within(view, start_at, length))
        starts = directory.numbers.get(STRIP_OFFSETS, ())
        lengths = directory.numbers.get(STRIP_BYTES, ())
        if len(starts) == 1 and len(lengths) == 1:
            spans.update(_within(view, starts[0], lengths[0]))
        if _PANASONIC_PREVIEW in directory.extents:
            spans.update(_within(view, *directory.extents[_PANASONIC_PREVIEW]))
    return spans


def _within(view: memoryview, start: int, length: int) -> Iterator[tuple[int, int]]:
    end = min(len(view), start + length)
    if length > 0 and bytes(view[start : start + 3]) == _JPEG_START:
        yield start, end


def _found_previews(view: memoryview) -> set[tuple[int, int]]:
    """Every place in the file where a JPEG begins (a directory may be lost or unknown)."""
    content = bytes(view)
    spans: set[tuple[int, int]] = set()
    position = content.find(_JPEG_START)
    while position >= 0 and len(spans) < CANDIDATES_MAX:
        spans.add((position, len(content)))
        position = content.find(_JPEG_START, position + 3)
    return spans
