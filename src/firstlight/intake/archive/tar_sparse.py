"""Members of tar that are stored without their holes: the holes come back as zeros."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from firstlight.errors import DecodeError, LimitError, TruncatedError
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream
from firstlight.intake.archive.tar_header import BLOCK_BYTES, SPARSE_PARTS_MAX

_ZEROS: Final = bytes(CHUNK_BYTES)


class SparseStream:
    """The content of a sparse member.

    Args:
        stored: The pieces, one after another.
        parts: Offset and length of each piece in the content.
        real_bytes: Size of the content.
        spend: Told of every hole that is filled; may raise ``LimitError``.

    Raises:
        DecodeError: The pieces overlap or lie outside the content.
    """

    def __init__(
        self,
        stored: ByteStream,
        parts: Sequence[tuple[int, int]],
        real_bytes: int,
        spend: Callable[[int], None],
    ) -> None:
        end = 0
        for offset, length in parts:
            if offset < end or length < 0 or offset + length > real_bytes:
                raise DecodeError("the map of a sparse member is damaged")
            end = offset + length
        self._stored = stored
        self._parts = [part for part in parts if part[1]][::-1]
        self._real_bytes = real_bytes
        self._spend = spend
        self._position = 0

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        offset, length = self._parts[-1] if self._parts else (self._real_bytes, 0)
        if self._position < offset:
            size_bytes = min(size_bytes, offset - self._position, CHUNK_BYTES)
            self._spend(size_bytes)
            data = _ZEROS[:size_bytes]
        elif not self._parts:
            return b""
        else:
            data = self._stored.read(min(size_bytes, offset + length - self._position))
            if not data:
                raise TruncatedError("the archive ends inside a member")
        self._position += len(data)
        if self._parts and self._position >= offset + length:
            self._parts.pop()
        return data


def read_inner_map(stored: ByteStream) -> list[tuple[int, int]]:
    """Read the map that stands before the pieces (GNU sparse format 1.0).

    Raises:
        DecodeError: It is no such map.
        LimitError: It is too long.
    """
    numbers: list[int] = []
    waiting = b""
    wanted = 1
    while len(numbers) < wanted:
        block = _take_block(stored)
        lines = (waiting + block).split(b"\n")
        waiting = lines.pop()
        for line in lines[: wanted - len(numbers) if numbers else None]:
            if not line.isdigit() or len(line) > 19:
                raise DecodeError("the map of a sparse member is damaged")
            numbers.append(int(line))
            wanted = 1 + 2 * numbers[0]
            if len(numbers) == wanted:
                break
        if wanted > 2 * SPARSE_PARTS_MAX:
            raise LimitError("a sparse member has more pieces than allowed")
        if len(waiting) > BLOCK_BYTES:
            raise DecodeError("the map of a sparse member is damaged")
    return list(zip(numbers[1::2], numbers[2::2], strict=True))


def _take_block(stored: ByteStream) -> bytes:
    block = b""
    while len(block) < BLOCK_BYTES:
        data = stored.read(BLOCK_BYTES - len(block))
        if not data:
            raise TruncatedError("the archive ends inside a member")
        block += data
    return block
