"""libarchive's RAR readers, bound directly: the few calls that streaming takes.

Bound here rather than through libarchive-c, which looks for the library by starting programs (a
worker may not), sets up every format and filter, and logs what the library says, names included.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable
from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_char_p,
    c_int,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_void_p,
)
from functools import cache
from pathlib import Path
from typing import Any, Final

from firstlight.errors import NotOpenedError

END, OK, WARN, FAILED, FATAL = 1, 0, -20, -25, -30

_NAMES: Final = ("libarchive.so.13", "libarchive.13.dylib")
_BUNDLE: Final = "archi"
_MISSING: Final = "compressed RAR member: the library libarchive (libarchive13) is not installed"
_BLOCK_BYTES: Final = 1 << 17
_SEEK_SET, _SEEK_END = 0, 2

_Read = CFUNCTYPE(c_ssize_t, c_void_p, c_void_p, POINTER(c_void_p))
_Seek = CFUNCTYPE(c_int64, c_void_p, c_void_p, c_int64, c_int)
_Skip = CFUNCTYPE(c_int64, c_void_p, c_void_p, c_int64)

_CALLS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "archive_read_new": (c_void_p, []),
    "archive_read_free": (c_int, [c_void_p]),
    "archive_read_support_format_rar": (c_int, [c_void_p]),
    "archive_read_support_format_rar5": (c_int, [c_void_p]),
    "archive_read_set_read_callback": (c_int, [c_void_p, _Read]),
    "archive_read_set_seek_callback": (c_int, [c_void_p, _Seek]),
    "archive_read_set_skip_callback": (c_int, [c_void_p, _Skip]),
    "archive_read_set_callback_data": (c_int, [c_void_p, c_void_p]),
    "archive_read_open1": (c_int, [c_void_p]),
    "archive_read_next_header": (c_int, [c_void_p, POINTER(c_void_p)]),
    "archive_read_data_block": (
        c_int,
        [c_void_p, POINTER(c_void_p), POINTER(c_size_t), POINTER(c_int64)],
    ),
    "archive_error_string": (c_char_p, [c_void_p]),
    "archive_entry_size": (c_int64, [c_void_p]),
}


def load_library() -> ctypes.CDLL:
    """Load libarchive: the one that a Python package brings if there is one, or the system's.

    Raises:
        NotOpenedError: There is none on this machine.
    """
    library = _load()
    if library is None:
        raise NotOpenedError(_MISSING)
    return library


@cache
def _load() -> ctypes.CDLL | None:
    for place in (*_bundled(), *_NAMES):
        try:
            library = ctypes.CDLL(place)
            for name, (result, arguments) in _CALLS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError):
            continue
        return library
    return None


def _bundled() -> list[str]:
    found = importlib.util.find_spec(_BUNDLE)
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).with_name(f"{_BUNDLE}.libs")
    return [str(path) for path in sorted(folder.glob("libarchive-*.so*"))]


class RarReader:
    """One archive, read from its start to its end through callbacks.

    Args:
        at: Gives bytes at a position of the archive.
        size_bytes: Of the archive.

    Whatever ``at`` raises ends the library's call, and is raised again by ``raise_own``.
    """

    def __init__(self, at: Callable[[int, int], bytes], size_bytes: int) -> None:
        self.library: Any = load_library()
        self._at = at
        self._size_bytes = size_bytes
        self._position = 0
        self._block: Any = None
        self._error: Exception | None = None
        self._callbacks = (_Read(self._read), _Seek(self._seek), _Skip(self._skip))
        self.entry = c_void_p()
        self._handle = self.library.archive_read_new()
        for prepare in ("support_format_rar", "support_format_rar5"):
            getattr(self.library, f"archive_read_{prepare}")(self._handle)
        for name, call in zip(("read", "seek", "skip"), self._callbacks, strict=True):
            getattr(self.library, f"archive_read_set_{name}_callback")(self._handle, call)
        # Without it the library follows a pointer that it never set.
        self.library.archive_read_set_callback_data(self._handle, None)

    def close(self) -> None:
        """Free what the library holds."""
        handle, self._handle = self._handle, None
        if handle:
            self.library.archive_read_free(handle)

    def open(self) -> int:
        """Begin; returns the library's code."""
        return int(self.library.archive_read_open1(self._handle))

    def next_entry(self) -> int:
        """Go to the next entry; returns the library's code."""
        return int(self.library.archive_read_next_header(self._handle, byref(self.entry)))

    def next_block(self) -> tuple[int, bytes, int]:
        """Give the library's code, the next bytes of the entry, and their position in it."""
        start, size, position = c_void_p(), c_size_t(), c_int64()
        code = self.library.archive_read_data_block(
            self._handle, byref(start), byref(size), byref(position)
        )
        is_given = code in (OK, WARN) and start.value and size.value
        data = ctypes.string_at(start.value, size.value) if is_given and start.value else b""
        return int(code), data, int(position.value)

    def ask(self, name: str) -> Any:
        """Ask about the current entry."""
        return getattr(self.library, f"archive_entry_{name}")(self.entry)

    def complaint(self) -> str:
        """Give the library's own words; they may quote the archive, so never log them."""
        return (self.library.archive_error_string(self._handle) or b"").decode("utf-8", "replace")

    def raise_own(self) -> None:
        """Raise again what stopped the reading of the archive's own bytes."""
        if self._error is not None:
            raise self._error

    def _read(self, _handle: int, _data: int, out: Any) -> int:
        try:
            data = self._at(self._position, _BLOCK_BYTES)
        except Exception as error:  # noqa: BLE001 - nothing may pass through the library's frames
            self._error = error
            return FATAL
        self._block = ctypes.create_string_buffer(data, max(len(data), 1))
        out[0] = ctypes.addressof(self._block)
        self._position += len(data)
        return len(data)

    def _skip(self, _handle: int, _data: int, size_bytes: int) -> int:
        skipped = min(max(size_bytes, 0), self._size_bytes - self._position)
        self._position += skipped
        return skipped

    def _seek(self, _handle: int, _data: int, offset: int, whence: int) -> int:
        base = {_SEEK_SET: 0, _SEEK_END: self._size_bytes}.get(whence, self._position)
        if not 0 <= base + offset <= self._size_bytes:
            return FATAL
        self._position = base + offset
        return self._position


def is_present() -> bool:
    """Whether RAR can be opened on this machine."""
    return _load() is not None


__all__ = ["END", "FAILED", "FATAL", "OK", "WARN", "RarReader", "is_present", "load_library"]
