"""Putting a TIFF header before pixels or before the code of a fax machine.

Source: TIFF 6.0; ITU-T T.4 and T.6 as TIFF names them.
"""

from __future__ import annotations

import struct
from typing import Final

GROUP_3, GROUP_4, NOT_COMPRESSED = 3, 4, 1
WHITE_IS_ZERO, BLACK_IS_ZERO, CMYK = 0, 1, 5
_SHORT, _LONG = 3, 4
_FIRST_BYTES: Final = 8


def tiff_header(
    width_px: int,
    height_px: int,
    data_bytes: int,
    *,
    compression: int,
    photometric: int,
    bits: int = 1,
    channels: int = 1,
    is_two_dimensional: bool = False,
) -> bytes:
    """Write what stands before the only strip of a picture."""
    depths = struct.pack(f"<{channels}H", *[bits] * channels)
    fields = [
        (256, _LONG, 1, width_px),
        (257, _LONG, 1, height_px),
        (258, _SHORT, channels, bits),
        (259, _SHORT, 1, compression),
        (262, _SHORT, 1, photometric),
        (273, _LONG, 1, 0),
        (277, _SHORT, 1, channels),
        (278, _LONG, 1, height_px),
        (279, _LONG, 1, data_bytes),
    ]
    if compression == GROUP_3:
        fields.append((292, _LONG, 1, int(is_two_dimensional)))
    depths_at = _FIRST_BYTES + 2 + 12 * len(fields) + 4
    has_depths = channels > 2
    start = depths_at + (len(depths) if has_depths else 0)
    table = b""
    for tag, kind, count, value in fields:
        stated = {258: depths_at if has_depths else bits, 273: start}.get(tag, value)
        is_long = kind == _LONG or (tag == 258 and has_depths)
        packed = struct.pack("<I" if is_long else "<HH", *((stated,) if is_long else (stated, 0)))
        table += struct.pack("<HHI", tag, kind, count) + packed
    head = b"II*\x00" + _FIRST_BYTES.to_bytes(4, "little")
    return (
        head
        + len(fields).to_bytes(2, "little")
        + table
        + bytes(4)
        + (depths if has_depths else b"")
    )
