"""The bytes of one entry of a file system, read where they lie."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytsk3

from firstlight.errors import InputError, TruncatedError
from firstlight.intake.disk.library import LIBRARY_ERRORS, DiskImage
from firstlight.intake.disk.source import DiskBytes

PIECE_MAX_BYTES: Final = 1 << 20
_BUFFER_BYTES: Final = 1 << 16
_RUNS_MAX: Final = 1_000_000
_NOT_ON_DISK: Final = int(pytsk3.TSK_FS_ATTR_RUN_FLAG_SPARSE) | int(
    pytsk3.TSK_FS_ATTR_RUN_FLAG_FILLER
)


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of bytes of an entry: its content, or one beside it.

    Args:
        file: The Sleuth Kit's object; it keeps the file system open.
        kind, number: Which of its attributes; None for the content itself.
        start: Where the file system begins on the disk.
        block_bytes: Unit of the addresses of its runs.
    """

    image: DiskImage
    file: Any
    kind: Any
    number: int | None
    size_bytes: int
    start: int
    block_bytes: int

    def at(self, position: int, size_bytes: int) -> bytes:
        """Read at a position.

        Raises:
            DecodeError: The file system's own structures are damaged.
            TruncatedError: They end before the stated size.
        """
        size_bytes = min(size_bytes, self.size_bytes - position, PIECE_MAX_BYTES)
        if position < 0 or size_bytes <= 0:
            return b""
        self.image.refill()
        try:
            if self.number is None:
                data: bytes = self.file.read_random(position, size_bytes)
            else:
                data = self.file.read_random(position, size_bytes, self.kind, self.number)
        except LIBRARY_ERRORS as error:
            raise self.image.error_of(error, "the entry's content cannot be followed") from error
        if not data:
            raise TruncatedError("the entry's content ends before its stated size")
        return data

    def runs(self) -> Iterator[tuple[int, int]]:
        """Give where the content lies on the disk, as start and end in bytes; holes left out."""
        try:
            for attribute in self.file:
                info = attribute.info
                if not int(info.flags) & int(pytsk3.TSK_FS_ATTR_NONRES):
                    continue
                if (int(info.id) != self.number) if self.number is not None else bool(info.name):
                    continue
                for count, run in enumerate(attribute):
                    if count > _RUNS_MAX:
                        return
                    if int(run.flags) & _NOT_ON_DISK:
                        continue
                    start = self.start + int(run.addr) * self.block_bytes
                    yield start, start + int(run.len) * self.block_bytes
        except LIBRARY_ERRORS:
            return

    def loss(self, disk: DiskBytes) -> InputError | None:
        """Say whether a part of the content could not be read from the image."""
        if not disk.losses:
            return None
        for start, end in self.runs():
            kind = disk.losses.touches(start, end)
            if kind is not None:
                return disk.losses.error(kind, "the content")
        return None


class StreamReader:
    """A stream from its start to its end, once.

    Args:
        spend: Counts what is given out; raises ``LimitError``.
    """

    def __init__(self, stream: Stream, spend: Any) -> None:
        self._stream = stream
        self._spend = spend
        self._position = 0

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            InputError: A part of the content cannot be had; its digests would be another's.
        """
        data = self._stream.at(self._position, size_bytes)
        if not data or self._stream.image.disk.losses:
            error = self._stream.loss(self._stream.image.disk)
            if error is not None:
                raise error
        self._position += len(data)
        self._spend(len(data))
        return data


class StreamFile(io.RawIOBase):
    """A stream as a file that can be read anywhere: for archives inside the disk image."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._position = 0
        self._buffer_at = 0
        self._buffer = b""

    def seekable(self) -> bool:
        """Whether it can be read anywhere: yes."""
        return True

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        """Move."""
        base = (0, self._position, self._stream.size_bytes)[whence]
        self._position = base + position
        return self._position

    def read(self, size_bytes: int = -1, /) -> bytes:
        """Read on; small pieces come from a buffer.

        Raises:
            OSError: The content cannot be had here.
        """
        if size_bytes < 0:
            size_bytes = self._stream.size_bytes - self._position
        offset = self._position - self._buffer_at
        if not 0 <= offset <= len(self._buffer) - size_bytes:
            try:
                self._buffer = self._stream.at(self._position, max(size_bytes, _BUFFER_BYTES))
            except InputError as error:
                raise OSError(error.message) from error
            self._buffer_at, offset = self._position, 0
        data = self._buffer[offset : offset + size_bytes]
        self._position += len(data)
        return data
