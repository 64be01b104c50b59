"""Members whose content lies in memory or in a part of the source, and files over windows."""

from __future__ import annotations

import io
from functools import partial

from firstlight.errors import NotOpenedError
from firstlight.intake.archive.member import Member
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.model.media import FileFacts

_BUFFER_BYTES = 1 << 14


def need_window(source: ByteStream) -> Window:
    """Take a source as one that can be read anywhere.

    Raises:
        NotOpenedError: It passes by only once.
    """
    if not isinstance(source, Window):
        raise NotOpenedError("the document is too large to be opened inside an archive")
    return source


def window_member(name: bytes, ordinal: int, window: Window, mtime_ns: int | None = None) -> Member:
    """Make a member of a part of the source."""
    return Member(
        name,
        ordinal,
        FileFacts(window.size_bytes, mtime_ns=mtime_ns),
        opener=partial(window.part, 0, window.size_bytes),
        window=window,
        is_reopenable=True,
    )


def held_member(name: bytes, ordinal: int, content: bytes, mtime_ns: int | None = None) -> Member:
    """Make a member of bytes that were taken out already."""
    window = Window(io.BytesIO(content), 0, len(content))
    return window_member(name, ordinal, window, mtime_ns)


class WindowFile(io.RawIOBase):
    """A window in the form of a file, for libraries that want one; reads and seeks only.

    Args:
        behind: Bytes that are to stand behind the window's.

    Raises:
        UnreadableError: From ``read``: the source would not give the bytes.
    """

    def __init__(self, window: Window, behind: bytes = b"") -> None:
        self._window = window
        self._behind = behind
        self._size_bytes = window.size_bytes + len(behind)
        self._position = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read anywhere."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer with the next bytes."""
        data = self._window.at(self._position, len(buffer))
        if not data:
            at = max(0, self._position - self._window.size_bytes)
            data = self._behind[at : at + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Set the position."""
        start = (0, self._position, self._size_bytes)[whence]
        if start + offset < 0:
            raise ValueError("a position before the start")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Give the position."""
        return self._position


def as_file(window: Window, behind: bytes = b"") -> io.BufferedReader:
    """Give a window to a library as a buffered file."""
    return io.BufferedReader(WindowFile(window, behind), _BUFFER_BYTES)
