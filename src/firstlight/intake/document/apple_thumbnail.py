"""macOS' thumbnails (QuickLook): ``index.sqlite``, and the pixels in ``thumbnails.data`` beside.

The index is read in memory, never opened as a file; what stands only in its write-ahead log is
not seen. A picture is written as PNG: the store
keeps bare pixels, their colours multiplied by how opaque they are.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from firstlight.errors import DecodeError, InputError, LimitError, NotOpenedError, TruncatedError
from firstlight.intake.archive.member import Member, Unpacking, failed_member
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.document.held import need_window
from firstlight.intake.document.png import RGBA, PieceStream, PngForm, png_pieces
from firstlight.model.media import FileFacts

_DATA_NAME: Final = b"thumbnails.data"
_INDEX_MAX_BYTES: Final = 1 << 28
_STEPS_BETWEEN_TICKS: Final = 100_000
_SIDE_MAX_PX: Final = 1 << 14
_LITTLE_ENDIAN_ALPHA_FIRST: Final = 0x2002
_JOURNAL_AT: Final = 18
_WRITES_AHEAD, _WRITES_IN_PLACE = b"\x02\x02", b"\x01\x01"
_ROWS: Final = """
    SELECT t.rowid, t.width, t.height, t.bitsperpixel, t.bytesperrow, t.bitmapinfo,
           t.bitmapdata_location, t.bitmapdata_length, f.file_name
    FROM thumbnails t LEFT JOIN files f ON f.rowid = t.file_id ORDER BY t.rowid
"""
_ROWS_WITHOUT_NAMES: Final = """
    SELECT rowid, width, height, bitsperpixel, bytesperrow, bitmapinfo,
           bitmapdata_location, bitmapdata_length, NULL
    FROM thumbnails ORDER BY rowid
"""


def apple_thumbnail_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give every thumbnail that the index knows, named by the file that it shows."""
    window = need_window(source)
    if window.size_bytes > _INDEX_MAX_BYTES:
        raise LimitError("the index of thumbnails is larger than allowed")
    file = unpacking.sibling(_DATA_NAME)
    if file is None:
        raise NotOpenedError("the pixels of the thumbnails lie in another file, not found here")
    with file:
        file.seek(0, os.SEEK_END)
        data = Window.over(file)
        for ordinal, row in enumerate(_read_index(window, unpacking)):
            unpacking.gauge.budget.count_member()
            yield _member(row, ordinal, data, unpacking)


def _read_index(window: Window, unpacking: Unpacking) -> Iterator[tuple[Any, ...]]:
    database = sqlite3.connect(":memory:")

    def alive() -> int:
        unpacking.tick()
        return 0

    try:
        content = bytearray(window.at(0, window.size_bytes))
        if content[_JOURNAL_AT : _JOURNAL_AT + 2] == _WRITES_AHEAD:
            # Such a database asks for a second file, which memory has none of.
            content[_JOURNAL_AT : _JOURNAL_AT + 2] = _WRITES_IN_PLACE
        database.deserialize(bytes(content))
        database.execute("PRAGMA query_only = 1")
        database.execute("PRAGMA trusted_schema = 0")
        database.set_progress_handler(alive, _STEPS_BETWEEN_TICKS)
        try:
            rows = database.execute(_ROWS)
        except sqlite3.Error:
            rows = database.execute(_ROWS_WITHOUT_NAMES)
        yield from rows
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise DecodeError("the index of thumbnails is damaged") from error
    finally:
        database.close()


def _member(row: tuple[Any, ...], ordinal: int, data: Window, unpacking: Unpacking) -> Member:
    number, *numbers, file_name = row
    name = f"{file_name if isinstance(file_name, str) else 'thumbnail'} {number}.png"
    encoded = name.encode("utf-8", "replace")
    try:
        if not all(isinstance(value, int) and value >= 0 for value in numbers):
            raise DecodeError("an entry of the index is damaged")
        width, height, bits, row_bytes, form, start, length = numbers
        if bits != 32 or form != _LITTLE_ENDIAN_ALPHA_FIRST:
            raise NotOpenedError("the pixels are laid out in a way that is not read yet")
        if not (0 < width <= _SIDE_MAX_PX and 0 < height <= _SIDE_MAX_PX):
            raise DecodeError("an entry of the index is damaged")
        if row_bytes < 4 * width or length < row_bytes * (height - 1) + 4 * width:
            raise DecodeError("an entry of the index is damaged")
        if start + length > data.size_bytes:
            raise TruncatedError("the pixels of the thumbnail are not all there")
    except InputError as error:
        return failed_member(encoded, ordinal, FileFacts(0), error)
    pixels = data.part(start, length)
    shape = PngForm(width, height, 8, RGBA)
    return Member(
        encoded,
        ordinal,
        FileFacts(0),
        opener=partial(_open_png, shape, pixels, row_bytes, unpacking),
        is_reopenable=True,
    )


def _open_png(shape: PngForm, pixels: Window, row_bytes: int, unpacking: Unpacking) -> PieceStream:
    def rows() -> Iterator[bytes]:
        for number in range(shape.height_px):
            unpacking.gauge.spend(shape.row_bytes)
            yield _plain_row(pixels.at(number * row_bytes, shape.row_bytes))

    return PieceStream(png_pieces(shape, rows()))


def _plain_row(row: bytes) -> bytes:
    """Turn blue, green, red, alpha into red, green, blue, alpha, not multiplied by alpha."""
    import numpy as np

    pixels = np.frombuffer(row[: len(row) // 4 * 4], np.uint8).reshape(-1, 4).astype(np.uint32)
    alpha = pixels[:, 3:]
    colours = np.minimum((pixels[:, 2::-1] * 255 + alpha // 2) // np.maximum(alpha, 1), 255)
    return np.concatenate((colours, alpha), axis=1).astype(np.uint8).tobytes()
