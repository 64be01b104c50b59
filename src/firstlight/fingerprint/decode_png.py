"""PNG pictures, the damaged ones included."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Final

from firstlight.errors import DecodeError, TruncatedError
from firstlight.fingerprint.decode_picture import Content, DecodeOptions, Picture
from firstlight.fingerprint.decode_pillow import decode_pillow

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"))
_CHUNKS_MAX: Final = 1_000_000


def decode_png(content: Content, options: DecodeOptions) -> Picture:
    """Decode a PNG; one whose side data or checksums are broken, from its pixel data alone.

    An animated PNG gives its first frame.

    Args:
        content: The whole file.
        options: Of these, the strict route and the bounds.

    Raises:
        LimitError: More pixels than the bound.
        DecodeError: Nothing of it decodes.
        TruncatedError: It ends before its pixels begin.
    """
    try:
        return decode_pillow(content, replace(options, mime="image/png"))
    except (DecodeError, TruncatedError):
        rebuilt = _pixel_chunks(content)
        if rebuilt is None:
            raise
    picture = decode_pillow(rebuilt, replace(options, mime="image/png"))
    return replace(picture, notes=(*picture.notes, "damaged data: only the pixel data was used"))


def _pixel_chunks(content: Content) -> bytes | None:
    """Rebuild a PNG from the chunks that carry its pixels, with right checksums."""
    if bytes(content[:8]) != _SIGNATURE:
        return None
    pieces = [_SIGNATURE]
    position = 8
    has_pixels = False
    for _ in range(_CHUNKS_MAX):
        if position + 8 > len(content):
            break
        (length,) = struct.unpack_from(">I", content, position)
        name = bytes(content[position + 4 : position + 8])
        body = bytes(content[position + 8 : position + 8 + length])
        if name in _KEPT:
            has_pixels = has_pixels or name == b"IDAT"
            pieces.append(struct.pack(">I", len(body)) + name + body)
            pieces.append(struct.pack(">I", zlib.crc32(name + body)))
        position += 12 + length
    return b"".join(pieces) if has_pixels else None
