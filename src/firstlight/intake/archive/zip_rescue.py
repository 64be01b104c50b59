"""Members of a ZIP whose central directory is missing or damaged, by their local headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from firstlight.intake.archive.stream import CHUNK_BYTES, Tick, Window
from firstlight.intake.archive.zip_directory import (
    ZipEntry,
    number,
    stated_lock,
    stated_time_ns,
    widen,
)

_HEADER_BYTES: Final = 30
_FIRST_STEP_BYTES: Final = 1 << 12
_LOCAL_MARK: Final = re.compile(rb"PK\x03\x04")
_FOLLOWING_MARK: Final = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x07\x08|\x05\x06|\x06\x06)")
_KNOWN_METHODS: Final = frozenset(
    (0, 1, 6, 8, 9, 10, 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99)
)
_SIZE_BEHIND: Final = 8


def rescue_entries(window: Window, tick: Tick) -> Iterator[ZipEntry]:
    """Search the file for local headers.

    Where a header leaves its size to what follows the content, the search goes on right
    behind the header, so members of an archive stored inside may be listed as well.
    """
    position: int | None = 0
    while (position := _find(window, position or 0, _LOCAL_MARK, tick)) is not None:
        header = window.at(position, _HEADER_BYTES)
        name_bytes, extra_bytes = number(header, 26, 2), number(header, 28, 2)
        data_start = position + _HEADER_BYTES + name_bytes + extra_bytes
        is_sane = (
            len(header) == _HEADER_BYTES
            and number(header, 8, 2) in _KNOWN_METHODS
            and name_bytes > 0
            and data_start <= window.size_bytes
        )
        if not is_sane:
            position += 4
            continue
        entry = _read_header(window, position, header, data_start, tick)
        yield entry
        is_stated = not entry.flags & _SIZE_BEHIND
        follows = data_start + entry.packed_bytes
        is_inside = is_stated and follows <= window.size_bytes
        position = follows if is_inside else data_start


def _read_header(
    window: Window, position: int, header: bytes, data_start: int, tick: Tick
) -> ZipEntry:
    name_bytes, extra_bytes = number(header, 26, 2), number(header, 28, 2)
    name = window.at(position + _HEADER_BYTES, name_bytes)
    extra = window.at(position + _HEADER_BYTES + name_bytes, extra_bytes)
    size, packed = widen([number(header, 22, 4), number(header, 18, 4)], extra)
    flags, method = number(header, 6, 2), number(header, 8, 2)
    is_behind = bool(flags & _SIZE_BEHIND)
    if is_behind and packed == 0:
        packed = window.size_bytes - data_start
        if method == 0:
            end = _find(window, data_start, _FOLLOWING_MARK, tick)
            packed = (end if end is not None else window.size_bytes) - data_start
            size = packed
    return ZipEntry(
        name=name,
        flags=flags,
        method=method,
        checksum=number(header, 14, 4),
        packed_bytes=packed,
        size_bytes=size,
        header_offset=position,
        mtime_ns=stated_time_ns(extra),
        has_checksum=not is_behind,
        clock=number(header, 10, 2),
        lock=stated_lock(extra),
    )


def _find(window: Window, start: int, mark: re.Pattern[bytes], tick: Tick) -> int | None:
    """Find the first of some marks of four bytes, from a position on."""
    step = _FIRST_STEP_BYTES
    while start + 4 <= window.size_bytes:
        data = window.at(start, step)
        hit = mark.search(data)
        if hit is not None:
            return start + hit.start()
        if len(data) < 4:
            return None
        # A mark may lie across two steps.
        start += len(data) - 3
        step = min(step * 4, CHUNK_BYTES)
        tick()
    return None
