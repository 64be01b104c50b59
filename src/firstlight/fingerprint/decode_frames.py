"""Counting frames and pages without decoding them, within bounds."""

from __future__ import annotations

from typing import Final

from firstlight.fingerprint.decode_ifd import DIRECTORIES_MAX, walk_directories
from firstlight.fingerprint.decode_picture import Content

GIF_BLOCKS_MAX: Final = 200_000
"""Most blocks of a GIF that are walked; beyond it the number of frames is not known."""

_IMAGE: Final = 0x2C
_EXTENSION: Final = 0x21


def count_tiff_pages(content: Content) -> int | None:
    """Count the pages of a TIFF file; None when there are too many to count."""
    pages = sum("/" not in directory.position for directory in walk_directories(content))
    return pages if 0 < pages < DIRECTORIES_MAX else None


def count_gif_frames(content: Content) -> int | None:
    """Count the frames of a GIF, as far as it goes; None when there are too many to count."""
    if len(content) < 13:
        return None
    position = 13 + _table_bytes(content[10])
    frames = 0
    blocks = 0
    while position < len(content) and blocks < GIF_BLOCKS_MAX:
        kind = content[position]
        if kind == _IMAGE and position + 10 <= len(content):
            frames += 1
            position += 11 + _table_bytes(content[position + 9])
        elif kind == _EXTENSION:
            position += 2
        else:
            # The trailer, or damage: what was counted stands.
            return frames or None
        while position < len(content) and content[position] and blocks < GIF_BLOCKS_MAX:
            position += content[position] + 1
            blocks += 1
        position += 1
        blocks += 1
    return (frames or None) if blocks < GIF_BLOCKS_MAX else None


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
