"""ZIP: members by the central directory, or by their own headers where that is broken."""

from __future__ import annotations

import stat
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
    UnreadableError,
)
from firstlight.intake.archive.budget import is_over_ratio
from firstlight.intake.archive.inflate import Inflated
from firstlight.intake.archive.member import Member, Unpacking, failed_member, skipped_member
from firstlight.intake.archive.stream import ByteStream, ExactStream, ResumedStream, Window
from firstlight.intake.archive.zip_directory import (
    ZipEntry,
    find_directory,
    number,
    read_entries,
    survey,
)
from firstlight.intake.archive.zip_rescue import rescue_entries
from firstlight.model.media import FileFacts

_STORED, _LZMA, _AES = 0, 14, 99
_CODECS: Final = {8: "deflate", 12: "bzip2", 14: "lzma", 20: "zstd", 93: "zstd", 95: "xz"}
_IS_ENCRYPTED, _HAS_LZMA_END, _IS_STRONGLY_ENCRYPTED = 1, 2, 64
_SHARES: Final = "the entry shares bytes with another entry of the archive"
_DAMAGED: Final = "the compressed content is damaged"


def zip_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the members of a ZIP in the order of its directory.

    Args:
        source: A ``Window``: ZIP is read from its end.
    """
    if not isinstance(source, Window):
        raise NotOpenedError("the archive is too large to be opened inside another one")
    budget = unpacking.gauge.budget
    sharing: frozenset[int] = frozenset()
    try:
        directory = find_directory(source)
        if directory.entry_count == 0 and source.at(0, 4) == b"PK\x03\x04":
            raise DecodeError("the central directory lists nothing")
        seen = survey(source, directory, budget.bounds.archive_members_max, unpacking.tick)
        if not seen.is_sound:
            raise DecodeError("the central directory is damaged")
        entries, sharing = read_entries(source, directory, unpacking.tick), seen.sharing
    except UnreadableError:
        raise
    except InputError as error:
        unpacking.report(error)
        entries = rescue_entries(source, unpacking.tick)
    for ordinal, entry in enumerate(entries):
        budget.count_member()
        if not entry.is_folder:
            yield _member_of(source, entry, ordinal, ordinal in sharing, unpacking)


def _member_of(
    window: Window, entry: ZipEntry, ordinal: int, is_sharing: bool, unpacking: Unpacking
) -> Member:
    facts = FileFacts(entry.size_bytes, mtime_ns=entry.mtime_ns)
    if stat.S_ISLNK(entry.unix_mode):
        reason = "symbolic link inside an archive, not followed"
        return skipped_member(entry.name, ordinal, facts, reason)
    if entry.flags & (_IS_ENCRYPTED | _IS_STRONGLY_ENCRYPTED) or entry.method == _AES:
        error: InputError = EncryptedError("the member is encrypted")
        return failed_member(entry.name, ordinal, facts, error)
    if entry.method != _STORED and entry.method not in _CODECS:
        error = NotOpenedError("the member's compression method is not opened yet")
        return failed_member(entry.name, ordinal, facts, error)
    if is_sharing:
        return failed_member(entry.name, ordinal, facts, LimitError(_SHARES))
    is_plain = entry.method == _STORED and entry.packed_bytes == entry.size_bytes
    try:
        data = _data_of(window, entry)
    except (DecodeError, TruncatedError) as error:
        return failed_member(entry.name, ordinal, facts, error)
    return Member(
        entry.name,
        ordinal,
        facts,
        opener=partial(_ZipStream, data, entry, unpacking),
        window=data if is_plain else None,
        is_reopenable=True,
    )


def _data_of(window: Window, entry: ZipEntry) -> Window:
    """Find an entry's compressed bytes behind its local header."""
    header = window.at(entry.header_offset, 30)
    if len(header) < 30:
        raise TruncatedError("the archive ends before the member")
    if not header.startswith(b"PK\x03\x04"):
        raise DecodeError("the member's own header is damaged")
    start = entry.header_offset + 30 + number(header, 26, 2) + number(header, 28, 2)
    return window.part(start, entry.packed_bytes)


class _ZipStream:
    """A member's content: decompressed, bounded, its size and checksum verified at the end."""

    def __init__(self, data: Window, entry: ZipEntry, unpacking: Unpacking) -> None:
        self._entry = entry
        self._bounds = unpacking.gauge.budget.bounds
        self._gauge = unpacking.gauge
        self._checksum = 0
        self._size_bytes = 0
        source: ByteStream = data.part(0, data.size_bytes)
        if entry.method == _STORED:
            self._content: ByteStream = ExactStream(source, entry.packed_bytes)
            return
        if entry.method == _LZMA:
            source = _with_old_header(source, entry)
        codec = _CODECS[entry.method]
        self._content = Inflated(source, codec, spend=self._spend, tick=unpacking.tick)

    def _spend(self, output_bytes: int) -> None:
        total = self._size_bytes + output_bytes
        if is_over_ratio(total, self._entry.packed_bytes, self._bounds):
            raise LimitError("the member unpacks to too many times its size")
        self._gauge.spend(output_bytes)

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            DecodeError: Damaged, or other bytes than the archive states.
            TruncatedError: The archive ends inside the member.
            LimitError: A bound is exceeded.
        """
        data = self._content.read(size_bytes)
        self._checksum = zlib.crc32(data, self._checksum)
        self._size_bytes += len(data)
        entry = self._entry
        if not data and entry.has_checksum:
            if self._size_bytes & 0xFFFFFFFF != entry.size_bytes & 0xFFFFFFFF:
                raise DecodeError("the member has another size than the archive states")
            if self._checksum != entry.checksum:
                raise DecodeError("the member's checksum differs from what the archive states")
        return data


def _with_old_header(source: ByteStream, entry: ZipEntry) -> ByteStream:
    """Put the header that the LZMA decoder knows in place of ZIP's own."""
    lead = source.read(9)
    if len(lead) < 9 or number(lead, 2, 2) != 5:
        raise DecodeError(_DAMAGED)
    has_end = bool(entry.flags & _HAS_LZMA_END) or not entry.has_checksum
    size = b"\xff" * 8 if has_end else entry.size_bytes.to_bytes(8, "little")
    return ResumedStream(lead[4:9] + size, source, None)
