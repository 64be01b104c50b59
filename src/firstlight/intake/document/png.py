"""Writing pixels as PNG, losslessly and always in the same bytes.

Nothing is compressed: what a compressor gives out differs between its versions, and the digests
of a picture must not.
Source: W3C PNG, third edition; RFC 1950; RFC 1951, section 3.2.4.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6
_BLOCK_BYTES: Final = 0xFFFF
_CHANNELS: Final = {GREY: 1, RGB: 3, PALETTE: 1, RGBA: 4}


@dataclass(frozen=True, slots=True)
class PngForm:
    """How the pixels are laid out.

    Args:
        colour: ``GREY``, ``RGB``, ``PALETTE`` or ``RGBA``.
        palette: Three bytes a colour, for ``PALETTE``.
    """

    width_px: int
    height_px: int
    bits: int
    colour: int
    palette: bytes = b""

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of pixels."""
        return -(-self.width_px * self.bits * _CHANNELS[self.colour] // 8)


def png_pieces(form: PngForm, rows: Iterable[bytes]) -> Iterator[bytes]:
    """Write a picture of which the rows come one after another; missing rows are black."""
    header = struct.pack(">IIBBBBB", form.width_px, form.height_px, form.bits, form.colour, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    if form.colour == PALETTE:
        yield _chunk(b"PLTE", form.palette)
    checksum = 1
    waiting = bytearray()
    lead = b"\x78\x01"
    for row in _exactly(rows, form):
        waiting += b"\x00" + row
        while len(waiting) >= _BLOCK_BYTES:
            block = bytes(waiting[:_BLOCK_BYTES])
            del waiting[:_BLOCK_BYTES]
            checksum = zlib.adler32(block, checksum)
            yield _chunk(b"IDAT", lead + _stored(block, is_last=False))
            lead = b""
    block = bytes(waiting)
    checksum = zlib.adler32(block, checksum)
    end = _stored(block, is_last=True) + checksum.to_bytes(4, "big")
    yield _chunk(b"IDAT", lead + end) + _chunk(b"IEND", b"")


def wrap_deflated(form: PngForm, deflated: bytes) -> bytes:
    """Put PNG's frame around rows that are filtered and compressed as PNG wants them."""
    header = struct.pack(">IIBBBBB", form.width_px, form.height_px, form.bits, form.colour, 0, 0, 0)
    palette = _chunk(b"PLTE", form.palette) if form.colour == PALETTE else b""
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            palette,
            _chunk(b"IDAT", deflated),
            _chunk(b"IEND", b""),
        )
    )


def _exactly(rows: Iterable[bytes], form: PngForm) -> Iterator[bytes]:
    given = 0
    for row in rows:
        if given == form.height_px:
            return
        yield row[: form.row_bytes].ljust(form.row_bytes, b"\x00")
        given += 1
    empty = bytes(form.row_bytes)
    for _ in range(form.height_px - given):
        yield empty


def _stored(block: bytes, *, is_last: bool) -> bytes:
    size = len(block)
    return struct.pack("<BHH", is_last, size, size ^ 0xFFFF) + block


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


class PieceStream:
    """Pieces that are made one after another, as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._waiting = b""

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._waiting = piece
        data, self._waiting = self._waiting[:size_bytes], self._waiting[size_bytes:]
        return data
