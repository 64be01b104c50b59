"""Pictures that Word, Excel, PowerPoint and Publisher keep in their own records (BLIPs).

Source: [MS-ODRAW] 2.2.23 to 2.2.31, [MS-XLS] 2.1.4.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import DecodeError, LimitError
from firstlight.intake.archive.member import Unpacking
from firstlight.intake.archive.stream import CHUNK_BYTES, Window

_HEADER_BYTES: Final = 8
_METAFILE_HEADER_BYTES: Final = 34
_DRAWING_GROUP, _CONTINUE, _FILE_PASS = 0x00EB, 0x003C, 0x002F
_NOT_COMPRESSED: Final = 0xFE
_RECORD: Final = struct.Struct("<HH")
_RECORDS_BETWEEN_TICKS: Final = 1 << 16

# Type of the record: ending, instances with one identifier, instances with two.
_BITMAPS: Final = {
    0xF01D: (b"jpg", (0x46A, 0x6E2), (0x46B, 0x6E3)),
    0xF02A: (b"jpg", (0x46A, 0x6E2), (0x46B, 0x6E3)),
    0xF01E: (b"png", (0x6E0,), (0x6E1,)),
    0xF01F: (b"bmp", (0x7A8,), (0x7A9,)),
    0xF029: (b"tif", (0x6E4,), (0x6E5,)),
}
_METAFILES: Final = {
    0xF01A: (b"emf", (0x3D4,), (0x3D5,)),
    0xF01B: (b"wmf", (0x216,), (0x217,)),
    0xF01C: (b"pict", (0x542,), (0x543,)),
}
_KINDS: Final = _BITMAPS | _METAFILES
_HEADER: Final = re.compile(
    b"(?s)(?:"
    + b"|".join(
        re.escape((instance << 4).to_bytes(2, "little") + kind.to_bytes(2, "little"))
        for kind, (_, with_one, with_two) in _KINDS.items()
        for instance in (*with_one, *with_two)
    )
    + b")...."
)


@dataclass(frozen=True, slots=True)
class Blip:
    """A record that holds a picture.

    Args:
        record_type: Tells what stands before the picture.
        data: Record content behind its identifiers.
    """

    record_type: int
    data: Window
    is_cut: bool

    @property
    def ending(self) -> bytes:
        """The usual ending of such a picture's name."""
        return _KINDS[self.record_type][0]


def find_blips(window: Window, unpacking: Unpacking) -> Iterator[Blip]:
    """Search a stream for records that hold a picture."""
    position = 0
    while position + _HEADER_BYTES < window.size_bytes:
        piece = window.at(position, CHUNK_BYTES)
        at = 0
        skip_to = 0
        while (match := _HEADER.search(piece, at)) is not None:
            blip = _read_record(window, position + match.start(), match.group())
            if blip is None:
                at = match.start() + 1
                continue
            yield blip
            skip_to = match.start() + _HEADER_BYTES + int.from_bytes(match.group()[4:], "little")
            at = skip_to
            if at >= len(piece):
                break
        step = max(len(piece) - _HEADER_BYTES + 1, skip_to, 1)
        position += step
        unpacking.tick()


def _read_record(window: Window, start: int, header: bytes) -> Blip | None:
    first, record_type = (int.from_bytes(header[n : n + 2], "little") for n in (0, 2))
    length = int.from_bytes(header[4:], "little")
    _, _, with_two = _KINDS[record_type]
    lead = 32 if first >> 4 in with_two else 16
    # Before a bitmap stands one more byte.
    lead += record_type in _BITMAPS
    if length <= lead:
        return None
    data = window.part(start + _HEADER_BYTES + lead, length - lead)
    return Blip(record_type, data, is_cut=data.size_bytes < length - lead)


def take_metafile(blip: Blip, unpacking: Unpacking) -> bytes:
    """Take out a metafile, which usually lies there compressed.

    Raises:
        DecodeError: The compressed content is damaged.
        LimitError: It is larger than allowed.
    """
    head = blip.data.at(0, _METAFILE_HEADER_BYTES)
    body = blip.data.at(_METAFILE_HEADER_BYTES, blip.data.size_bytes)
    if len(head) < _METAFILE_HEADER_BYTES or head[32] == _NOT_COMPRESSED:
        return body
    engine = zlib.decompressobj()
    try:
        content = engine.decompress(body, unpacking.gauge.budget.bounds.nested_archive_max_bytes)
    except zlib.error as error:
        raise DecodeError("the metafile is damaged") from error
    if engine.unconsumed_tail:
        raise LimitError("the metafile is larger than allowed")
    unpacking.gauge.spend(len(content))
    return content


def bitmap_file(bitmap: bytes) -> bytes:
    """Put the file header of BMP before a bitmap that lacks it.

    Source: BITMAPINFOHEADER; masks follow a header of 40 bytes when compression is 3.
    """
    if len(bitmap) < 40 or bitmap.startswith(b"BM"):
        return bitmap
    header = int.from_bytes(bitmap[:4], "little")
    bits, compression, colours = (
        int.from_bytes(bitmap[at : at + width], "little")
        for at, width in ((14, 2), (16, 4), (32, 4))
    )
    if not colours and bits <= 8:
        colours = 1 << bits
    masks = 12 if header == 40 and compression == 3 else 0
    start = 14 + header + masks + 4 * min(colours, 256)
    size = (14 + len(bitmap)).to_bytes(4, "little")
    return b"BM" + size + bytes(4) + start.to_bytes(4, "little") + bitmap


def read_workbook(window: Window, unpacking: Unpacking) -> tuple[bytes, bool]:
    """Join the drawing records of a workbook, which are cut into pieces of 8 KB.

    Returns:
        The records' content, and whether the workbook is encrypted.
    """
    data = window.at(0, window.size_bytes)
    parts: list[bytes] = []
    position, is_drawing, is_locked, steps = 0, False, False, 0
    while position + 4 <= len(data):
        kind, length = _RECORD.unpack_from(data, position)
        is_drawing = kind == _DRAWING_GROUP or (is_drawing and kind == _CONTINUE)
        is_locked = is_locked or kind == _FILE_PASS
        position += 4
        if is_drawing:
            parts.append(data[position : position + length])
        position += length
        steps += 1
        if not steps % _RECORDS_BETWEEN_TICKS:
            unpacking.tick()
    return b"".join(parts), is_locked
