"""Streams of bytes inside archives: sequential ones, and windows that can be read anywhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from firstlight.errors import TruncatedError
from firstlight.intake.source_file import explain_os_error

CHUNK_BYTES: Final = 1 << 18
"""Bytes of one read while skipping and decompressing."""

Tick = Callable[[], None]


class ByteStream(Protocol):
    """What can be read from its start to its end, once."""

    def read(self, size_bytes: int, /) -> bytes:
        """Give at most so many of the next bytes; none at the end.

        Raises:
            InputError: The bytes that should follow cannot be had.
        """
        ...


class Window:
    """A part of a seekable file, with a position of its own; several may share one file.

    Args:
        base: Seekable; its position is set before every read.
        start: Where the part begins in it.
        size_bytes: Length of the part; the file may end earlier.
    """

    __slots__ = ("_base", "_position", "_start", "size_bytes")

    def __init__(self, base: BinaryIO, start: int, size_bytes: int) -> None:
        self._base = base
        self._start = start
        self._position = 0
        self.size_bytes = size_bytes

    @classmethod
    def over(cls, base: BinaryIO) -> Window:
        """Make a window over the whole of a seekable file."""
        try:
            return cls(base, 0, base.seek(0, os.SEEK_END))
        except OSError as error:
            raise explain_os_error(error) from error

    def part(self, start: int, size_bytes: int) -> Window:
        """Make a window over a part of this one, cut to it."""
        start = min(max(start, 0), self.size_bytes)
        size_bytes = min(max(size_bytes, 0), self.size_bytes - start)
        return Window(self._base, self._start + start, size_bytes)

    def at(self, position: int, size_bytes: int) -> bytes:
        """Read at a position; less than asked at the end.

        Raises:
            UnreadableError: The source would not give the bytes.
        """
        size_bytes = min(size_bytes, self.size_bytes - position)
        if position < 0 or size_bytes <= 0:
            return b""
        try:
            self._base.seek(self._start + position)
            data = self._base.read(size_bytes)
            # An unbuffered file may give less than asked before its end.
            while len(data) < size_bytes and (more := self._base.read(size_bytes - len(data))):
                data += more
            return data
        except OSError as error:
            raise explain_os_error(error) from error

    def read(self, size_bytes: int, /) -> bytes:
        """Read on from this window's own position."""
        data = self.at(self._position, size_bytes)
        self._position += len(data)
        return data


class Feed:
    """Reads a source in order, exactly; skips by seeking where the source allows it."""

    def __init__(self, source: ByteStream, tick: Tick) -> None:
        self._source = source
        self._tick = tick
        self.window = source if isinstance(source, Window) else None
        self.position = 0

    def take(self, size_bytes: int) -> bytes:
        """Take so many bytes; fewer only where the source ends."""
        if self.window is not None:
            data = self.window.at(self.position, size_bytes)
            self.position += len(data)
            return data
        parts: list[bytes] = []
        missing = size_bytes
        while missing > 0 and (data := self._source.read(min(missing, CHUNK_BYTES))):
            parts.append(data)
            missing -= len(data)
        self.position += size_bytes - missing
        return b"".join(parts)

    def skip(self, size_bytes: int) -> None:
        """Pass over so many bytes.

        Raises:
            TruncatedError: The source ends before.
        """
        if self.window is not None:
            self.position += size_bytes
            if self.position > self.window.size_bytes:
                raise TruncatedError("the archive ends inside a member")
            return
        while size_bytes > 0:
            data = self.take(min(size_bytes, CHUNK_BYTES))
            if not data:
                raise TruncatedError("the archive ends inside a member")
            size_bytes -= len(data)
            self._tick()


class ExactStream:
    """So many bytes of a source, no fewer: an early end is an error, not an end."""

    def __init__(self, source: ByteStream, size_bytes: int) -> None:
        self._source = source
        self.remaining_bytes = size_bytes

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            TruncatedError: The source ends before the stated size.
        """
        size_bytes = min(size_bytes, self.remaining_bytes)
        if size_bytes <= 0:
            return b""
        data = self._source.read(size_bytes)
        if not data:
            raise TruncatedError("the archive ends inside a member")
        self.remaining_bytes -= len(data)
        return data


class ResumedStream:
    """A stream whose first bytes were read already: they come again, then the rest.

    Args:
        head: What was read.
        error: What stopped the reading; raised once the head is used up.
    """

    def __init__(self, head: bytes, rest: ByteStream, error: Exception | None) -> None:
        self._head = head
        self._rest = rest
        self._error = error

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        if self._head:
            data, self._head = self._head[:size_bytes], self._head[size_bytes:]
            return data
        if self._error is not None:
            raise self._error
        return self._rest.read(size_bytes)
