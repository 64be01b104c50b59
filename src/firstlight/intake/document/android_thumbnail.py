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
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, Window
from firstlight.intake.document.held import need_window, window_member
from firstlight.model.media import FileFacts

SLOT_BYTES: Final = (10_000, 17_000)
_SLOT_HEADER_BYTES: Final = 13
_JPEG: Final = b"\xff\xd8\xff"
_PICTURES: Final = (_JPEG, b"\x89PNG\r\n\x1a\n", b"RIFF")
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
    position, ordinal = 0, 0
    while (position := _find_picture(window, position, unpacking)) >= 0:
        start = position - _SLOT_HEADER_BYTES
        header = window.at(start, 16)
        slot = next((n for n in SLOT_BYTES if start % n == 0 and slot_length(header, n)), None)
        if slot is None:
            position += 3
            continue
        length = slot_length(header, slot) or 0
        unpacking.gauge.budget.count_member()
        data = window.part(position, length)
        name = b"%d.jpg" % (start // slot)
        if data.size_bytes < length:
            error = TruncatedError("the store ends inside a picture")
            yield failed_member(name, ordinal, FileFacts(length), error)
        else:
            yield window_member(name, ordinal, data)
        ordinal += 1
        position += length
    if not ordinal:
        unpacking.report(DecodeError("no picture was found in the thumbnail store"))


def _find_picture(window: Window, position: int, unpacking: Unpacking) -> int:
    """Find where a JPEG begins; -1 where none does any more."""
    while position < window.size_bytes:
        piece = window.at(position, CHUNK_BYTES)
        # Most of the file is holes: those cost a comparison and no search.
        hit = piece.find(_JPEG) if any(piece[:64]) or piece.strip(b"\x00") else -1
        if hit >= 0 and position + hit >= _SLOT_HEADER_BYTES:
            return position + hit
        if len(piece) < CHUNK_BYTES:
            return -1
        position += max(hit + 1, len(piece) - 2)
        unpacking.tick()
    return -1


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
