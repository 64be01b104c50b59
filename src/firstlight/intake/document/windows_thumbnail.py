"""Thumbnail stores of Windows since Vista: ``thumbcache_*.db``.

Entries that the store no longer counts but that still lie in it are given as well.
Source: libyal, "Windows Explorer Thumbnail Cache database format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import DecodeError, TruncatedError
from firstlight.intake.archive.member import Member, Unpacking, failed_member
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.document.held import need_window, window_member
from firstlight.intake.document.lines import find_next
from firstlight.model.media import FileFacts

_MARK: Final = b"CMMM"
_ANY_MARK: Final = re.compile(_MARK)
_VISTA: Final = 0x14
_HEADER_SIZES: Final = (48, 56, 52, 64)
_FIRST_ENTRY_MIN: Final = 20
_IDENTIFIER_MAX_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    data: Window
    data_bytes: int
    end: int


def windows_thumbnail_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give every thumbnail of a store, under the identifier that it carries."""
    window = need_window(source)
    is_vista = int.from_bytes(window.at(4, 4), "little") == _VISTA
    position = find_next(window, _FIRST_ENTRY_MIN, _ANY_MARK, unpacking.tick)
    is_damaged = False
    ordinal = 0
    while position >= 0:
        unpacking.gauge.budget.count_member()
        entry = _read_entry(window, position, is_vista=is_vista)
        if entry is None:
            is_damaged = True
            position = find_next(window, position + 4, _ANY_MARK, unpacking.tick)
            continue
        if entry.data.size_bytes < entry.data_bytes:
            error = TruncatedError("the store ends inside an entry")
            yield failed_member(entry.name, ordinal, FileFacts(entry.data_bytes), error)
        elif entry.data_bytes:
            yield window_member(entry.name, ordinal, entry.data)
        ordinal += 1
        position = entry.end
        if window.at(position, 4) != _MARK:
            position = find_next(window, position, _ANY_MARK, unpacking.tick)
        unpacking.tick()
    if is_damaged:
        unpacking.report(DecodeError("entries of the store are damaged"))


def _read_entry(window: Window, start: int, *, is_vista: bool) -> _Entry | None:
    """Read one entry; None where its sizes contradict each other."""
    head = window.at(start, 64)
    at = 24 if is_vista else 16
    if len(head) < at + 12:
        return None
    size = int.from_bytes(head[4:8], "little")
    identifier, padding, data = (
        int.from_bytes(head[at + n : at + n + 4], "little") for n in (0, 4, 8)
    )
    header = size - identifier - padding - data
    if header not in _HEADER_SIZES or identifier > _IDENTIFIER_MAX_BYTES:
        return None
    text = window.at(start + header, identifier).decode("utf-16-le", "replace").rstrip("\x00")
    name = text.encode("utf-8", "replace") or head[8:16][::-1].hex().encode()
    place = start + header + identifier + padding
    return _Entry(name, window.part(place, data), data, start + size)
