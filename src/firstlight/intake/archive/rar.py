"""RAR: listed by our own code, stored members as they lie, compressed ones through libarchive.

libarchive cannot unlock: locked members are listed as such, whatever passwords the unit has.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from typing import Final

from firstlight.errors import (
    DecodeError,
    EncryptedError,
    InputError,
    LimitError,
    NotOpenedError,
    TruncatedError,
)
from firstlight.intake.archive.member import Member, Unpacking, failed_member, skipped_member
from firstlight.intake.archive.rar_header import RarEntry, read_entries
from firstlight.intake.archive.rar_library import END, OK, WARN, RarReader, load_library
from firstlight.intake.archive.stream import ByteStream, ExactStream, Window
from firstlight.model.media import FileFacts

_OLDEST: Final = b"RE~^"
_DAMAGED: Final = "the member is damaged, or packed in a form that libarchive cannot read"
_LOCKED: Final = "the member is encrypted; RAR encryption is not opened"
_SPLIT: Final = "part of the member lies in another volume, which is not opened"
_SOLID: Final = "the member is packed as one with others, in a form that libarchive cannot read"


def rar_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the members of a RAR in the order of the archive.

    Compressed ones pass by once: the content of each must be read before the next is opened.

    Args:
        source: A ``Window``.

    Raises:
        NotOpenedError: A version of RAR before 1.5.
        EncryptedError: Even the names are locked.
        DecodeError: A header is damaged.
    """
    if not isinstance(source, Window):
        raise NotOpenedError("the archive is too large to be opened inside another one")
    if source.at(0, 4) == _OLDEST:
        raise NotOpenedError("RAR archives of versions before 1.5 are not opened")
    cursor = _Cursor(source, unpacking)
    try:
        for ordinal, entry in enumerate(read_entries(source, unpacking.tick)):
            unpacking.gauge.budget.count_member()
            if not entry.is_folder:
                yield _member_of(entry, ordinal, cursor)
    finally:
        cursor.close()


def _member_of(entry: RarEntry, ordinal: int, cursor: _Cursor) -> Member:
    facts = FileFacts(
        min(entry.size_bytes, (1 << 63) - 1),
        mtime_ns=entry.mtime_ns,
        accessed_ns=entry.accessed_ns,
        born_ns=entry.born_ns,
    )
    if entry.is_link:
        return skipped_member(entry.name, ordinal, facts, "link inside an archive, not followed")
    try:
        if entry.is_locked:
            raise EncryptedError(_LOCKED)
        if entry.is_split:
            raise NotOpenedError(_SPLIT)
        if not entry.is_stored:
            load_library()
    except InputError as error:
        return failed_member(entry.name, ordinal, facts, error)
    if not entry.is_stored:
        return Member(entry.name, ordinal, facts, opener=partial(cursor.content, entry, ordinal))
    return Member(
        entry.name,
        ordinal,
        facts,
        opener=lambda: _Checked(
            ExactStream(entry.packed.part(0, entry.size_bytes), entry.size_bytes), entry
        ),
        window=entry.packed if entry.packed.size_bytes == entry.size_bytes else None,
        is_reopenable=True,
    )


class _Checked:
    """A content whose size and checksum are looked at when its end is reached."""

    def __init__(self, content: ByteStream, entry: RarEntry) -> None:
        self._content = content
        self._entry = entry
        self._found = 0
        self._size_bytes = 0

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            DecodeError: Damaged, or other bytes than the archive states.
            TruncatedError: The archive ends inside the member.
            LimitError: A bound is exceeded.
        """
        data = self._content.read(size_bytes)
        self._found = zlib.crc32(data, self._found)
        self._size_bytes += len(data)
        entry = self._entry
        if not data:
            if entry.size_bytes and self._size_bytes != entry.size_bytes:
                raise DecodeError("the member has another size than the archive states")
            if entry.checksum is not None and self._found != entry.checksum:
                raise DecodeError("the member's checksum differs from what the archive states")
        return data


class _Cursor:
    """libarchive's one pass through the archive, begun when a member first asks for it."""

    def __init__(self, source: Window, unpacking: Unpacking) -> None:
        self._source = source
        self._unpacking = unpacking
        self._reader: RarReader | None = None
        self._next_ordinal = 0
        self._error: InputError | None = None

    def close(self) -> None:
        """Free what the library holds."""
        if self._reader is not None:
            self._reader.close()

    def content(self, entry: RarEntry, ordinal: int) -> ByteStream:
        """Go to an entry and give its content.

        Raises:
            InputError: It cannot be reached; the same error for all that follow.
        """
        if self._error is not None:
            raise self._error
        try:
            reader = self._go_to(ordinal)
            if reader.ask("size") != entry.size_bytes:
                raise DecodeError(_DAMAGED)
        except InputError as error:
            self._error = error
            raise
        return _Checked(_Blocks(reader, self._unpacking), entry)

    def _go_to(self, ordinal: int) -> RarReader:
        reader = self._reader
        if reader is None:
            reader = self._reader = RarReader(self._source.at, self._source.size_bytes)
            check(reader, reader.open())
        while self._next_ordinal <= ordinal:
            self._unpacking.tick()
            check(reader, reader.next_entry())
            self._next_ordinal += 1
        return reader


class _Blocks:
    """The content of the current entry, as the library hands over its blocks."""

    def __init__(self, reader: RarReader, unpacking: Unpacking) -> None:
        self._reader = reader
        self._unpacking = unpacking
        self._waiting = b""
        self._position = 0
        self._is_over = False

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        while not self._waiting and not self._is_over:
            code, self._waiting, position = self._reader.next_block()
            self._unpacking.tick()
            self._is_over = code == END
            if not self._is_over:
                check(self._reader, code)
            if self._waiting and position != self._position:
                raise DecodeError(_DAMAGED)
            self._position += len(self._waiting)
            self._unpacking.gauge.spend(len(self._waiting))
        data, self._waiting = self._waiting[:size_bytes], self._waiting[size_bytes:]
        return data


def check(reader: RarReader, code: int) -> None:
    """Raise what a code of the library means; a warning means nothing.

    Raises:
        InputError: What follows cannot be had.
    """
    if code in (OK, WARN):
        return
    reader.raise_own()
    words = reader.complaint().lower()
    if "solid" in words:
        raise NotOpenedError(_SOLID)
    if "encrypt" in words:
        raise EncryptedError(_LOCKED)
    if "memory" in words:
        raise LimitError("decompressing would take more memory than allowed")
    if "truncated" in words:
        raise TruncatedError("the archive ends too early")
    raise DecodeError(_DAMAGED)
