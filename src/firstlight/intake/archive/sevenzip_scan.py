"""Reading the header of a 7z archive byte by byte: numbers, counts, vectors of bits.

Source: 7zFormat.txt of the LZMA SDK.
"""

from __future__ import annotations

from typing import Final

from firstlight.errors import DecodeError

DAMAGED: Final = "the header of the archive is damaged"


class Scan:
    """Reads a header from its start to its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left_bytes(self) -> int:
        """Bytes that follow."""
        return len(self.data) - self.at

    def take(self, size_bytes: int) -> bytes:
        """Take so many bytes.

        Raises:
            DecodeError: There are not as many.
        """
        if size_bytes < 0 or size_bytes > self.left_bytes:
            raise DecodeError(DAMAGED)
        start = self.at
        self.at += size_bytes
        return self.data[start : self.at]

    def byte(self) -> int:
        """Take one byte."""
        if self.at >= len(self.data):
            raise DecodeError(DAMAGED)
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """Take a number of one to nine bytes: the first says how many follow."""
        first = self.byte()
        if first < 0x80:
            return first
        follow = 1
        while follow < 8 and first & 0x80 >> follow:
            follow += 1
        high = first & (0x7F >> follow) if follow < 8 else 0
        return high << 8 * follow | int.from_bytes(self.take(follow), "little")

    def count(self) -> int:
        """Take a count of things that take a byte each at least."""
        count = self.number()
        if count > self.left_bytes:
            raise DecodeError(DAMAGED)
        return count

    def bits(self, count: int) -> bytes:
        """Take so many bits."""
        return self.take((count + 7) // 8)

    def stated(self, count: int) -> bytes | None:
        """Take which of so many things have a value; None when all have."""
        return None if self.byte() else self.bits(count)


def has_bit(bits: bytes | None, at: int) -> bool:
    """Whether a bit is set; of a vector that was left out every one is."""
    return bits is None or (at >> 3 < len(bits) and bool(bits[at >> 3] & 0x80 >> (at & 7)))
