"""The central directory of ZIP: found, surveyed, and read as a stream.

Our own reader, because names must stay exact bytes, memory must not grow with the number of
entries, entries that share bytes must be refused, and a broken directory must not hide the rest.
Source: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from firstlight.errors import DecodeError, NotOpenedError
from firstlight.intake.archive.stream import CHUNK_BYTES, Tick, Window

_END_BYTES, _END64_BYTES, _LOCATOR_BYTES, _ENTRY_BYTES = 22, 56, 20, 46
_COMMENT_MAX_BYTES: Final = 0xFFFF
_TRIED_ENTRIES: Final = 16
_FILETIME_1970: Final = 116_444_736_000_000_000


def number(data: bytes, at: int, width: int) -> int:
    """Read a little-endian number."""
    return int.from_bytes(data[at : at + width], "little")


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One entry, as the central directory (or, in a rescue, its local header) states it.

    Args:
        packed_bytes: Compressed size.
        header_offset: Of the local header, from the start of the file.
        unix_mode: File mode where a Unix system wrote the entry; else 0.
        has_checksum: False in a rescue, where the checksum may stand behind the content.
        clock: The two bytes of the time of day; what an old lock is checked by.
        lock: The field that describes a lock of WinZip's kind; empty where there is none.
    """

    name: bytes
    flags: int
    method: int
    checksum: int
    packed_bytes: int
    size_bytes: int
    header_offset: int
    mtime_ns: int | None = None
    unix_mode: int = 0
    has_checksum: bool = True
    clock: int = 0
    lock: bytes = b""

    @property
    def is_folder(self) -> bool:
        """Whether it names a folder, and nothing hides behind that name."""
        return self.name.endswith(b"/") and self.size_bytes == 0 and self.packed_bytes <= 64


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory lies.

    Args:
        shift_bytes: What must be added to stated offsets (a program stands before the archive).
        entry_count: As stated.
    """

    start: int
    end: int
    shift_bytes: int
    entry_count: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the directory shows before any member is opened.

    Args:
        is_sound: It could be read from its start to its end, holds as much as it states, and
            some of the first entries lie where it says.
        sharing: Ordinals of entries whose bytes belong to an earlier entry.
    """

    is_sound: bool
    sharing: frozenset[int]


def find_directory(window: Window) -> Directory:
    """Find the central directory from the end of the file.

    Raises:
        DecodeError: There is none.
        NotOpenedError: The archive is one volume of several.
    """
    tail_start = max(0, window.size_bytes - _END_BYTES - _COMMENT_MAX_BYTES)
    tail = window.at(tail_start, _END_BYTES + _COMMENT_MAX_BYTES)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        found = _read_end(window, tail, at, tail_start + at)
        if found is not None:
            return found
        at = tail.rfind(b"PK\x05\x06", 0, at)
    raise DecodeError("the archive has no central directory")


def _read_end(window: Window, tail: bytes, at: int, end_position: int) -> Directory | None:
    if at + _END_BYTES > len(tail):
        return None
    count, size, offset = (
        number(tail, at + 10, 2),
        number(tail, at + 12, 4),
        number(tail, at + 16, 4),
    )
    directory_end = end_position
    disks = (number(tail, at + 4, 2), number(tail, at + 6, 2))
    locator = window.at(end_position - _LOCATOR_BYTES, _LOCATOR_BYTES)
    if locator.startswith(b"PK\x06\x07"):
        for position in (number(locator, 8, 8), end_position - _LOCATOR_BYTES - _END64_BYTES):
            end64 = window.at(position, _END64_BYTES)
            if len(end64) == _END64_BYTES and end64.startswith(b"PK\x06\x06"):
                disks = (number(end64, 16, 4), number(end64, 20, 4))
                count, size, offset = (number(end64, n, 8) for n in (32, 40, 48))
                directory_end = position
                break
    if disks[0] != disks[1]:
        raise NotOpenedError("the archive is one volume of several")
    start = directory_end - size
    if start < 0:
        return None
    if count and window.at(start, 4) != b"PK\x01\x02":
        start = offset
        if window.at(start, 4) != b"PK\x01\x02":
            return None
        return Directory(start, min(start + size, directory_end), 0, count)
    return Directory(start, directory_end, _true_shift(window, start, start - offset), count)


def _true_shift(window: Window, start: int, shift_bytes: int) -> int:
    """Doubt the stated offset of the directory when the first member lies where it says."""
    first = number(window.at(start, _ENTRY_BYTES), 42, 4)
    is_shifted = window.at(first + shift_bytes, 4) == b"PK\x03\x04"
    return 0 if not is_shifted and window.at(first, 4) == b"PK\x03\x04" else shift_bytes


def survey(window: Window, directory: Directory, entries_max: int, tick: Tick) -> Survey:
    """Pass over the directory once: is it whole, and which entries share bytes.

    Cost: Linear in the directory; 16 bytes of memory per entry, up to ``entries_max``.
    """
    starts: list[int] = []
    ends: list[int] = []
    headers = 0
    try:
        for entry in read_entries(window, directory, tick):
            if len(starts) < _TRIED_ENTRIES:
                headers += window.at(entry.header_offset, 4) == b"PK\x03\x04"
            starts.append(entry.header_offset)
            ends.append(entry.header_offset + 30 + len(entry.name) + entry.packed_bytes)
            if len(starts) > entries_max:
                break
    except DecodeError:
        return Survey(is_sound=False, sharing=frozenset())
    stated = directory.entry_count
    is_whole = len(starts) > entries_max or (len(starts) ^ stated) & 0xFFFF == 0
    is_sound = is_whole and (headers > 0 or not starts)
    limit = window.size_bytes
    begin = np.array([min(max(n, 0), limit) for n in starts], dtype=np.int64)
    stop = np.array([min(max(n, 0), limit) for n in ends], dtype=np.int64)
    order = np.argsort(begin, kind="stable")
    reached = np.maximum.accumulate(stop[order]) if len(order) else stop
    shares = begin[order][1:] < reached[:-1]
    return Survey(is_sound, frozenset(int(n) for n in order[1:][shares]))


def read_entries(window: Window, directory: Directory, tick: Tick) -> Iterator[ZipEntry]:
    """Read the directory entry by entry.

    Raises:
        DecodeError: It breaks off, or something else stands where an entry should.
    """
    position, waiting = directory.start, b""
    while True:
        need = _ENTRY_BYTES
        if len(waiting) >= need:
            need += sum(number(waiting, n, 2) for n in (28, 30, 32))
        if len(waiting) < need and position < directory.end:
            data = window.at(position, min(CHUNK_BYTES, directory.end - position))
            tick()
            if not data:
                raise DecodeError("the central directory is damaged")
            position += len(data)
            waiting += data
            continue
        if not waiting or waiting[:4] in (b"PK\x05\x05", b"PK\x06\x06", b"PK\x05\x06"):
            return
        if len(waiting) < need or waiting[:4] != b"PK\x01\x02":
            raise DecodeError("the central directory is damaged")
        yield _parse_entry(waiting[:need], directory.shift_bytes)
        waiting = waiting[need:]


def _parse_entry(record: bytes, shift_bytes: int) -> ZipEntry:
    name_end = _ENTRY_BYTES + number(record, 28, 2)
    extra = record[name_end : name_end + number(record, 30, 2)]
    sizes = [number(record, 24, 4), number(record, 20, 4), number(record, 42, 4)]
    size, packed, offset = widen(sizes, extra)
    is_unix = record[5] in (3, 19)
    return ZipEntry(
        name=record[_ENTRY_BYTES:name_end],
        flags=number(record, 8, 2),
        method=number(record, 10, 2),
        checksum=number(record, 16, 4),
        packed_bytes=packed,
        size_bytes=size,
        header_offset=offset + shift_bytes,
        mtime_ns=stated_time_ns(extra),
        unix_mode=number(record, 40, 2) if is_unix else 0,
        clock=number(record, 12, 2),
        lock=stated_lock(extra),
    )


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        length = number(extra, at + 2, 2)
        yield number(extra, at, 2), extra[at + 4 : at + 4 + length]
        at += 4 + length


def widen(sizes: list[int], extra: bytes) -> list[int]:
    """Replace the numbers that did not fit into 32 bits by those of the ZIP64 field."""
    for kind, data in _extra_fields(extra):
        if kind == 1:
            at = 0
            for place, value in enumerate(sizes):
                if value == 0xFFFFFFFF and at + 8 <= len(data):
                    sizes[place] = number(data, at, 8)
                    at += 8
            break
    return sizes


def stated_time_ns(extra: bytes) -> int | None:
    """Read the time of change from the fields that give it in UTC.

    The entry's own time has no zone and is two seconds coarse: it says nothing sure.
    """
    for kind, data in _extra_fields(extra):
        if kind == 0x5455 and len(data) >= 5 and data[0] & 1:
            return int.from_bytes(data[1:5], "little", signed=True) * 10**9
        if kind == 0x000A and len(data) >= 16 and number(data, 4, 2) == 1:
            moment = (number(data, 8, 8) - _FILETIME_1970) * 100
            return moment if moment < 1 << 63 else None
    return None


def stated_lock(extra: bytes) -> bytes:
    """Read the field by which a member locked with AES says how.

    Source: WinZip, "AES Encryption Information", section II.
    """
    return next((data for kind, data in _extra_fields(extra) if kind == 0x9901), b"")
