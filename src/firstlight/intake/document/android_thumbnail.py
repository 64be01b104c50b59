"""Thumbnail stores of Android: ``.thumbdata`` of the media store, ``imgcache`` of the gallery.

A ``.thumbdata`` file is mostly holes: a picture with number n lies at n times the size of a
slot. An ``imgcache`` is a row of entries, each a key and a picture behind it.
Source: Android Open Source Project, ``MiniThumbFile.java`` and ``BlobCache.java``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firstlight.errors import DecodeError, TruncatedError
from firstlight.intake.archive.member import Member, Unpacking, failed_member
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.document.held import need_window, window_member
from firstlight.model.media import FileFacts

SLOT_BYTES: Final = (10_000, 17_000)
_SLOT_HEADER_BYTES: Final = 13
_JPEG: Final = b"\xff\xd8\xff"
_PICTURES: Final = (_JPEG, b"\x89PNG\r\n\x1a\n", b"RIFF")
_SLOTS_BETWEEN_TICKS: Final = 4096
_ENTRY_HEADER_BYTES: Final = 20
_KEY_MAX_BYTES: Final = 4096


def slot_length(header: bytes, slot_bytes: int) -> int | None:
    """Read the length of the picture in a slot of a ``.thumbdata``; None where none lies."""
    length = int.from_bytes(header[9:13], "big")
    is_sane = 0 < length <= slot_bytes - _SLOT_HEADER_BYTES
    return length if header[:1] == b"\x01" and is_sane and header[13:16] == _JPEG else None


def thumbdata_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the picture of every filled slot, named by its number."""
    window = need_window(source)
    for slot_bytes in SLOT_BYTES:
        ordinal = -1
        for ordinal, (number, length) in enumerate(_filled_slots(window, slot_bytes, unpacking)):
            unpacking.gauge.budget.count_member()
            data = window.part(number * slot_bytes + _SLOT_HEADER_BYTES, length)
            name = b"%d.jpg" % number
            if data.size_bytes < length:
                error = TruncatedError("the store ends inside a picture")
                yield failed_member(name, ordinal, FileFacts(length), error)
            else:
                yield window_member(name, ordinal, data)
        if ordinal >= 0:
            return
    unpacking.report(DecodeError("no picture was found in the thumbnail store"))


def _filled_slots(
    window: Window, slot_bytes: int, unpacking: Unpacking
) -> Iterator[tuple[int, int]]:
    """Give number and length of every picture that lies where one of its number should."""
    for number in range(-(-window.size_bytes // slot_bytes)):
        length = slot_length(window.at(number * slot_bytes, 16), slot_bytes)
        if length is not None:
            yield number, length
        if not number % _SLOTS_BETWEEN_TICKS:
            unpacking.tick()


def imgcache_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the picture of every entry, named by the key before it.

    Keys are cut to what is text in them: a path of the media item and the kind of thumbnail.
    """
    window = need_window(source)
    position, ordinal = 4, 0
    while position < window.size_bytes:
        header = window.at(position, _ENTRY_HEADER_BYTES)
        offset, length = (int.from_bytes(header[n : n + 4], "little") for n in (12, 16))
        if len(header) < _ENTRY_HEADER_BYTES or offset != position or not length:
            unpacking.report(DecodeError("the thumbnail store is damaged; the rest was not read"))
            return
        unpacking.gauge.budget.count_member()
        start = position + _ENTRY_HEADER_BYTES
        blob = window.part(start, length)
        head = blob.at(0, _KEY_MAX_BYTES)
        begins = [at for at in map(head.find, _PICTURES) if at >= 0]
        key_bytes = min(begins, default=0)
        name = head[:key_bytes].decode("utf-16-le", "replace").encode("utf-8", "replace")
        name = name or header[:8][::-1].hex().encode()
        if blob.size_bytes < length:
            error = TruncatedError("the store ends inside a picture")
            yield failed_member(name, ordinal, FileFacts(length - key_bytes), error)
        else:
            yield window_member(name, ordinal, blob.part(key_bytes, length - key_bytes))
        ordinal += 1
        position = start + length
        unpacking.tick()
