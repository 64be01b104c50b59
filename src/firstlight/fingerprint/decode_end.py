"""Telling a content that was cut off from one that is damaged in its midst."""

from __future__ import annotations

from typing import Final

from firstlight.fingerprint.decode_picture import Content

_BOXES_MAX: Final = 10_000


def is_cut_off(content: Content) -> bool:
    """Whether a content states a length that reaches beyond its own end.

    Knows the containers that state one: RIFF (WebP), ISO boxes (HEIF, AVIF, JPEG 2000, MP4)
    and TIFF structures, whose first directory may lie at the very end. False says nothing.
    """
    head = bytes(content[:16])
    if head[:4] == b"RIFF" and len(head) >= 8:
        return int.from_bytes(head[4:8], "little") + 8 > len(content)
    if head[:4] in (b"II*\x00", b"MM\x00*") and len(head) >= 8:
        first = int.from_bytes(head[4:8], "little" if head[:2] == b"II" else "big")
        return first + 6 > len(content)
    if head[4:8] in (b"ftyp", b"jP  "):
        return _boxes_reach_beyond(content)
    return False


def _boxes_reach_beyond(content: Content) -> bool:
    position = 0
    for _ in range(_BOXES_MAX):
        if position + 8 > len(content):
            break
        size = int.from_bytes(content[position : position + 4], "big")
        if size == 1 and position + 16 <= len(content):
            size = int.from_bytes(content[position + 8 : position + 16], "big")
        if size < 8:
            # 0 says "to the end of the file", wherever that is; 2 to 7 is damage.
            return False
        position += size
    return position > len(content)
