"""The libraries that read hostile disks: the Sleuth Kit, and libewf for the rarer forms of EWF.

Imported when an image is met and not before: most sources hold none.
"""

from __future__ import annotations

import os
import time
from typing import Any, Final

import pyewf
import pytsk3

from firstlight.errors import DecodeError, InputError, LimitError
from firstlight.intake.archive.stream import Tick, Window
from firstlight.intake.disk.segment import SegmentFiles
from firstlight.intake.disk.source import UNREADABLE, DiskBytes, Losses

LIBRARY_ERRORS: Final = (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError,
                         OverflowError, MemoryError)  # fmt: skip
"""What the bindings of both libraries raise for damaged structures."""

_KINDS: Final = tuple(
    getattr(pytsk3, f"TSK_FS_TYPE_{name}")
    for name in ("DETECT", "NTFS", "FAT_DETECT", "EXT_DETECT", "HFS_DETECT", "FFS_DETECT")
)
_TICK_S: Final = 1.0
_ALLOWANCE_FLOOR_BYTES: Final = 1 << 30
_ALLOWANCE_TIMES: Final = 3


class DiskImage(pytsk3.Img_Info):  # type: ignore[misc]
    """A disk as the Sleuth Kit reads it.

    What one step of it may read is bounded, so that structures that lead in a circle end.

    Args:
        disk: Gives zeros for what cannot be had; a read error would make the Sleuth Kit give up
            more than what is lost, or hand out memory that nobody filled.
    """

    def __init__(self, disk: DiskBytes, tick: Tick) -> None:
        self.disk = disk
        self._tick = tick
        self._ticked_at_s = time.monotonic()
        self._allowed_bytes = 0
        self.is_over = False
        self.refill()
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def refill(self) -> None:
        """Let the next step read as much as one may."""
        self._allowed_bytes = _ALLOWANCE_FLOOR_BYTES + _ALLOWANCE_TIMES * self.disk.size_bytes

    def close(self) -> None:
        """Keep the source open: it is not ours."""

    def get_size(self) -> int:
        """Return the size of the disk in bytes."""
        return self.disk.size_bytes

    def read(self, position: int, size_bytes: int) -> bytes:
        """Read for the Sleuth Kit.

        Raises:
            OSError: The step has read too much.
        """
        now_s = time.monotonic()
        if now_s - self._ticked_at_s > _TICK_S:
            self._ticked_at_s = now_s
            self._tick()
        self._allowed_bytes -= size_bytes
        if self._allowed_bytes < 0:
            self.is_over = True
            raise OSError("read too much")
        data = self.disk.at(position, size_bytes)
        return data if len(data) == size_bytes else data + bytes(size_bytes - len(data))

    def error_of(self, error: Exception, what: str) -> InputError:
        """Turn what a library raised into ours; its own words may hold names of the source."""
        if self.is_over:
            self.is_over = False
            self.refill()
            return LimitError(f"{what}: more was read than the whole disk holds")
        if isinstance(error, InputError):
            return error
        return DecodeError(what)


def open_file_system(image: DiskImage, start: int) -> Any:
    """Open a file system: the one that the Sleuth Kit finds, else the first that fits.

    Raises:
        DecodeError: None does.
    """
    for kind in _KINDS:
        image.refill()
        try:
            return pytsk3.FS_Info(image, offset=start, type=kind)
        except LIBRARY_ERRORS as error:
            last = error
    raise image.error_of(last, "no file system that is read here") from last


class _SegmentFile:
    """A segment as libewf reads it."""

    def __init__(self, read: Any, size_bytes: int) -> None:
        self._read = read
        self._size_bytes = size_bytes
        self._position = 0

    def read(self, size_bytes: int | None = None) -> bytes:
        """Read on."""
        rest = self._size_bytes - self._position
        data: bytes = self._read(self._position, rest if size_bytes is None else size_bytes)
        self._position += len(data)
        return data

    def seek(self, position: int, whence: int = os.SEEK_SET) -> None:
        """Move."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        self._position = base + position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def get_size(self) -> int:
        """Return the size in bytes."""
        return self._size_bytes

    def close(self) -> None:
        """Leave it open: it is not ours."""


class LibraryBytes:
    """The disk in an image of a form that our own reader does not know (Ex01 above all).

    Raises:
        DecodeError: libewf does not open it.
    """

    def __init__(self, first: Window, files: SegmentFiles, name: bytes) -> None:
        self.losses = Losses()
        self.input_bytes = first.size_bytes
        segments = [_SegmentFile(first.at, first.size_bytes)]
        for _, further, size_bytes in files.find(name):
            self.input_bytes += size_bytes
            segments.append(_SegmentFile(_bound(files, further), size_bytes))
        self._handle = pyewf.handle()
        try:
            self._handle.open_file_objects(segments)
            self.size_bytes: int = self._handle.get_media_size()
            self.stored = {
                name.lower(): str(text) for name, text in self._handle.get_hash_values().items()
            }
        except LIBRARY_ERRORS as error:
            raise DecodeError("the image or one of its segments is damaged or missing") from error

    def at(self, position: int, size_bytes: int) -> bytes:
        """Read at a position."""
        size_bytes = max(0, min(size_bytes, self.size_bytes - position))
        data = b""
        try:
            while len(data) < size_bytes:
                piece = self._handle.read_buffer_at_offset(
                    size_bytes - len(data), position + len(data)
                )
                if not piece:
                    break
                data = data + piece if data else piece
        except LIBRARY_ERRORS:
            pass
        if len(data) < size_bytes:
            self.losses.note(position + len(data), position + size_bytes, UNREADABLE)
            data += bytes(size_bytes - len(data))
        return data


def _bound(files: SegmentFiles, name: bytes) -> Any:
    return lambda position, size_bytes: files.at(name, position, size_bytes)
