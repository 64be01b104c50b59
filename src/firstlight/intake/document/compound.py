"""OLE compound files: their streams, each readable anywhere without being taken into memory.

Our own reader, because a stream may be as large as the file, a chain of sectors may run in a
circle, and a directory may hold entries that no storage names any more.
Source: [MS-CFB].
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import DecodeError
from firstlight.intake.archive.stream import Window

_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR_MAX: Final = 0xFFFFFFFA
_ENTRY_BYTES: Final = 128
_ENTRIES_MAX: Final = 1 << 19
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_NOTHING: Final = 0xFFFFFFFF
_FILETIME_1970: Final = 116_444_736_000_000_000

Sectors = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class CompoundStream:
    """One stream.

    Args:
        path: Names of its storages and its own.
        size_bytes: As the directory states it.
        open: Finds its content; shorter than stated where the file is damaged.
    """

    path: tuple[str, ...]
    size_bytes: int
    open: Callable[[], Window]


class _ChainFile(io.RawIOBase):
    """Sectors, wherever they lie, as one file.

    Args:
        runs: Start of each run in this file, and where it lies in the source.
    """

    def __init__(self, source: Window, runs: list[tuple[int, int]], size_bytes: int) -> None:
        self._source = source
        self._starts = [start for start, _ in runs]
        self._places = [place for _, place in runs]
        self._size_bytes = size_bytes
        self._position = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._position = offset + (0, self._position, self._size_bytes)[whence]
        return self._position

    def read(self, size_bytes: int = -1, /) -> bytes:
        end = self._size_bytes if size_bytes < 0 else self._position + size_bytes
        end = min(end, self._size_bytes)
        parts: list[bytes] = []
        while self._position < end:
            run = bisect_right(self._starts, self._position) - 1
            follows = self._starts[run + 1] if run + 1 < len(self._starts) else self._size_bytes
            inside = self._position - self._starts[run]
            data = self._source.at(self._places[run] + inside, min(end, follows) - self._position)
            if not data:
                break
            parts.append(data)
            self._position += len(data)
        return b"".join(parts)


class CompoundFile:
    """A compound file, its tables read.

    Raises:
        DecodeError: It has no usable tables.
    """

    def __init__(self, window: Window) -> None:
        header = window.at(0, 512)
        if not header.startswith(_MARK) or len(header) < 512:
            raise DecodeError("the compound file is damaged")
        self._window = window
        shift, mini_shift = (int.from_bytes(header[n : n + 2], "little") for n in (30, 32))
        if shift not in (9, 12) or mini_shift != 6:
            raise DecodeError("the compound file is damaged")
        self._sector = 1 << shift
        self._is_old = shift == 9
        self._cutoff = min(_number(header, 56), 1 << 16)
        self._fat = self._load_fat(header)
        entries = self._read_whole(_number(header, 48), _ENTRIES_MAX * _ENTRY_BYTES)
        self._entries = [
            entries[at : at + _ENTRY_BYTES]
            for at in range(0, len(entries) - _ENTRY_BYTES + 1, _ENTRY_BYTES)
        ]
        if not self._entries or self._entries[0][66] != _ROOT:
            raise DecodeError("the compound file has no directory")
        root = self._entries[0]
        mini = self._chain(self._fat, _number(root, 116), self._size_of(root))
        self._mini_window = self._join(mini, self._sector, self._window, self._size_of(root), 1)
        mini_fat = self._read_whole(_number(header, 60), window.size_bytes)
        self._mini_fat = np.frombuffer(mini_fat[: len(mini_fat) // 4 * 4], "<u4")

    def streams(self) -> list[CompoundStream]:
        """List the streams in the order of the directory, those that nothing names included."""
        paths = self._paths()
        found = []
        for number, entry in enumerate(self._entries):
            if entry[66] == _STREAM:
                path = paths.get(number, (_name_of(entry),))
                opener = partial(self._open, entry)
                found.append(CompoundStream(path, self._size_of(entry), opener))
        return found

    def _paths(self) -> dict[int, tuple[str, ...]]:
        """Walk the tree of names; an entry that was met before is not followed again."""
        paths: dict[int, tuple[str, ...]] = {0: ()}
        waiting = [(_number(self._entries[0], 76), ())]
        while waiting:
            number, folder = cast("tuple[int, tuple[str, ...]]", waiting.pop())
            if number in paths or number >= len(self._entries):
                continue
            entry = self._entries[number]
            path = (*folder, _name_of(entry))
            paths[number] = path
            siblings = (_number(entry, 68), _number(entry, 72))
            waiting += [(sibling, cast("Any", folder)) for sibling in siblings]
            if entry[66] == _STORAGE and len(path) < 64:
                waiting.append((_number(entry, 76), cast("Any", path)))
        return paths

    def _open(self, entry: bytes) -> Window:
        size = self._size_of(entry)
        start = _number(entry, 116)
        if size < self._cutoff:
            chain = self._chain(self._mini_fat, start, size, 64)
            return self._join(chain, 64, self._mini_window, size, 0)
        return self._join(self._chain(self._fat, start, size), self._sector, self._window, size, 1)

    def _size_of(self, entry: bytes) -> int:
        # Old writers leave rubbish in the upper half.
        size = int.from_bytes(entry[120 : 124 if self._is_old else 128], "little")
        return min(size, self._window.size_bytes)

    def _load_fat(self, header: bytes) -> Sectors:
        places = list(np.frombuffer(header[76:512], "<u4"))
        sector = _number(header, 68)
        sectors_max = self._window.size_bytes // self._sector + 1
        per_sector = self._sector // 4
        seen: set[int] = set()
        while sector < _SECTOR_MAX and sector not in seen and len(places) <= sectors_max:
            seen.add(sector)
            data = self._window.at((sector + 1) * self._sector, self._sector)
            table = np.frombuffer(data[: len(data) // 4 * 4], "<u4")
            if len(table) < per_sector:
                break
            places += list(table[:-1])
            sector = int(table[-1])
        used = [int(place) for place in places if place < _SECTOR_MAX]
        parts = [
            self._window.at((place + 1) * self._sector, self._sector)
            for place in dict.fromkeys(used)
        ]
        data = b"".join(parts)
        return np.frombuffer(data[: len(data) // 4 * 4], "<u4")

    def _read_whole(self, start: int, size_max_bytes: int) -> bytes:
        size = min(size_max_bytes, self._window.size_bytes)
        chain = self._chain(self._fat, start, size)
        chain = list(dict.fromkeys(chain))
        size = len(chain) * self._sector
        return self._join(chain, self._sector, self._window, size, 1).at(0, size)

    def _chain(self, table: Sectors, start: int, size: int, sector_bytes: int = 0) -> list[int]:
        """Follow a chain as far as a content of this size can reach."""
        count = -(-size // (sector_bytes or self._sector))
        chain: list[int] = []
        while len(chain) < count and start < len(table):
            chain.append(start)
            start = int(table[start])
        return chain

    def _join(
        self, chain: list[int], sector_bytes: int, base: Window, size: int, before: int
    ) -> Window:
        """Make one window of a chain; ``before`` sectors stand before the first."""
        size = min(size, len(chain) * sector_bytes)
        if not size:
            return base.part(0, 0)
        sectors = np.asarray(chain, np.int64)
        breaks = np.flatnonzero(np.diff(sectors) != 1) + 1
        firsts = [0, *(int(n) for n in breaks)]
        runs = [(n * sector_bytes, (chain[n] + before) * sector_bytes) for n in firsts]
        if len(runs) == 1:
            return base.part(runs[0][1], size)
        return Window(cast("BinaryIO", _ChainFile(base, runs, size)), 0, size)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _name_of(entry: bytes) -> str:
    length = max(0, min(int.from_bytes(entry[64:66], "little"), 64) - 2)
    return entry[:length].decode("utf-16-le", "replace")


def filetime_ns(data: bytes) -> int | None:
    """Read a FILETIME; None where it is empty or before 1970."""
    ticks = int.from_bytes(data[:8], "little")
    nanoseconds = (ticks - _FILETIME_1970) * 100
    return nanoseconds if 0 < nanoseconds < 1 << 63 else None
