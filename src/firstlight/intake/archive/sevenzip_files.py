"""The files of a 7z archive, one by one, as its header describes them.

Source: 7zFormat.txt of the LZMA SDK, section on FilesInfo.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import DecodeError, NotOpenedError
from firstlight.intake.archive.sevenzip_scan import DAMAGED, Scan, has_bit

_NO_STREAM, _IS_EMPTY_FILE, _IS_ANTI, _NAMES, _BORN, _ACCESSED, _CHANGED, _ATTRIBUTES = (
    14, 15, 16, 17, 18, 19, 20, 21,
)  # fmt: skip
_FILETIME_1970: Final = 116_444_736_000_000_000
_UNIX_ATTRIBUTE: Final = 0x8000
_NAME_MAX_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the archive.

    Args:
        has_content: It lies in a folder; not so folders, empty files, marks of deletion.
        is_anti: A mark of deletion, no file.
        unix_mode: Where a Unix system wrote it; else 0.
    """

    name: bytes
    has_content: bool
    is_folder: bool
    is_anti: bool
    unix_mode: int
    mtime_ns: int | None
    accessed_ns: int | None
    born_ns: int | None


class _Column:
    """Numbers of a fixed width, for those of the files that have one."""

    def __init__(self, scan: Scan, file_count: int, width: int) -> None:
        self._stated = scan.stated(file_count)
        _refuse_elsewhere(scan)
        self._scan = scan
        self._width = width

    def next_of(self, at: int) -> int | None:
        """Give the number of a file; to be asked for one file after the other."""
        if not has_bit(self._stated, at):
            return None
        return int.from_bytes(self._scan.take(self._width), "little")


def _refuse_elsewhere(scan: Scan) -> None:
    if scan.byte() != 0:
        raise NotOpenedError("the archive's header is of a kind that is not opened")


def read_entries(scan: Scan, file_count: int) -> Iterator[Entry]:
    """Give the entries in the order of the header.

    Raises:
        DecodeError: The header is damaged, there or further on.
        NotOpenedError: It uses what no program writes.
    Cost: Memory of the header's size, whatever count it states.
    """
    vectors: dict[int, bytes] = {}
    columns: dict[int, _Column] = {}
    names: Scan | None = None
    empty_count = 0
    while (kind := scan.byte()) != 0:
        part = Scan(scan.take(scan.number()))
        if kind == _NO_STREAM:
            vectors[kind] = part.bits(file_count)
            empty_count = sum(byte.bit_count() for byte in vectors[kind])
        elif kind in (_IS_EMPTY_FILE, _IS_ANTI):
            vectors[kind] = part.bits(empty_count)
        elif kind == _NAMES:
            _refuse_elsewhere(part)
            names = part
        elif kind in (_BORN, _ACCESSED, _CHANGED, _ATTRIBUTES):
            columns[kind] = _Column(part, file_count, 4 if kind == _ATTRIBUTES else 8)
    return _entries(file_count, vectors, columns, names)


def _entries(
    file_count: int, vectors: dict[int, bytes], columns: dict[int, _Column], names: Scan | None
) -> Iterator[Entry]:
    no_stream = vectors.get(_NO_STREAM, b"")
    empty_files, anti = vectors.get(_IS_EMPTY_FILE, b""), vectors.get(_IS_ANTI, b"")
    empties = 0
    for at in range(file_count):
        numbers = {kind: column.next_of(at) for kind, column in columns.items()}
        attributes = numbers.get(_ATTRIBUTES) or 0
        unix_mode = attributes >> 16 if attributes & _UNIX_ATTRIBUTE else 0
        has_content = not has_bit(no_stream, at)
        is_folder = is_anti = False
        if not has_content:
            is_anti = has_bit(anti, empties)
            is_folder = not has_bit(empty_files, empties)
            empties += 1
        yield Entry(
            name=_next_name(names) if names is not None else b"",
            has_content=has_content,
            is_folder=is_folder,
            is_anti=is_anti,
            unix_mode=unix_mode,
            mtime_ns=_time_ns(numbers.get(_CHANGED)),
            accessed_ns=_time_ns(numbers.get(_ACCESSED)),
            born_ns=_time_ns(numbers.get(_BORN)),
        )


def _next_name(scan: Scan) -> bytes:
    """Take a name: UTF-16 up to a zero, here as UTF-8 (halves of pairs stay what they are)."""
    start, end = scan.at, scan.data.find(b"\0\0", scan.at)
    while end >= 0 and (end - start) & 1:
        end = scan.data.find(b"\0\0", end + 1)
    if end < 0 or end - start > _NAME_MAX_BYTES:
        raise DecodeError(DAMAGED)
    scan.at = end + 2
    wide = scan.data[start:end]
    return wide.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")


def _time_ns(filetime: int | None) -> int | None:
    moment = ((filetime or 0) - _FILETIME_1970) * 100
    return moment if filetime and moment < 1 << 63 else None
