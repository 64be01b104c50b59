"""7z: members in the order of the archive, each folder decompressed once, nothing held whole."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Final

from firstlight.errors import DecodeError, InputError, LimitError, NotOpenedError, TruncatedError
from firstlight.intake.archive.locked import Passwords
from firstlight.intake.archive.member import Member, Unpacking, failed_member, skipped_member
from firstlight.intake.archive.sevenzip_files import Entry, read_entries
from firstlight.intake.archive.sevenzip_folder import FolderReader, Opening, Part
from firstlight.intake.archive.sevenzip_header import (
    ENCODED_HEADER,
    Header,
    read_header,
    read_streams,
)
from firstlight.intake.archive.sevenzip_scan import DAMAGED, Scan
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, Window
from firstlight.model.media import FileFacts

HEADER_MAX_BYTES: Final = 1 << 28
"""Bytes of a header, unpacked: two hundred and more for each of a million files."""

_FIRST_HEADER_BYTES: Final = 32
_WRAPPINGS_MAX: Final = 4


def sevenzip_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the members of a 7z archive in the order of its header.

    Members that share a folder pass by once, in order; what was not read of one is skipped by
    decompressing it when the next one is opened. Where a folder is locked, its password is
    looked for when its first member is opened.

    Args:
        source: A ``Window``: the header of 7z stands at the end.
    """
    if not isinstance(source, Window):
        raise NotOpenedError("the archive is too large to be opened inside another one")
    body = source.part(_FIRST_HEADER_BYTES, source.size_bytes)
    opening = Opening(body, unpacking, Passwords(unpacking, in_legacy_forms=False))
    header = _header_of(source, opening)
    places = _places(header, opening)
    if header.files is None:
        return
    for ordinal, entry in enumerate(read_entries(header.files, header.file_count)):
        unpacking.gauge.budget.count_member()
        if entry.has_content:
            place = next(places, None)
            if place is None:
                raise DecodeError(DAMAGED)
            yield _member_of(entry, ordinal, *place)
        elif not entry.is_folder and not entry.is_anti:
            yield Member(
                entry.name, ordinal, _facts_of(entry, 0), opener=_Empty, is_reopenable=True
            )


class _Empty:
    def read(self, _size_bytes: int, /) -> bytes:
        return b""


def _places(header: Header, opening: Opening) -> Iterator[tuple[FolderReader, Part]]:
    """Give for each file with content its folder, and where it lies in it."""
    for folder in header.folders:
        reader, start = FolderReader(folder, opening), 0
        for size_bytes, checksum in zip(folder.parts, folder.checksums, strict=True):
            yield reader, Part(start, size_bytes, checksum)
            start += size_bytes


def _member_of(entry: Entry, ordinal: int, folder: FolderReader, part: Part) -> Member:
    facts = _facts_of(entry, part.size_bytes)
    if stat.S_ISLNK(entry.unix_mode):
        reason = "symbolic link inside an archive, not followed"
        return skipped_member(entry.name, ordinal, facts, reason)
    refusal = folder.refusal()
    if refusal is not None:
        return failed_member(entry.name, ordinal, facts, refusal)
    return Member(
        entry.name,
        ordinal,
        facts,
        opener=partial(folder.open_part, part),
        is_reopenable=part.start == 0,
    )


def _facts_of(entry: Entry, size_bytes: int) -> FileFacts:
    return FileFacts(
        min(size_bytes, (1 << 63) - 1),
        mtime_ns=entry.mtime_ns,
        accessed_ns=entry.accessed_ns,
        born_ns=entry.born_ns,
    )


def _header_of(window: Window, opening: Opening) -> Header:
    """Find the header at the end, and unwrap it where it is packed or locked itself.

    Raises:
        DecodeError: It is damaged.
        TruncatedError: The archive ends before it.
        EncryptedError: It is locked, and no password fits.
        LimitError: It is too long.
    """
    first = window.at(0, _FIRST_HEADER_BYTES)
    if len(first) < _FIRST_HEADER_BYTES:
        raise TruncatedError("the archive ends too early")
    if zlib.crc32(first[12:32]) != int.from_bytes(first[8:12], "little"):
        raise DecodeError(DAMAGED)
    offset, size_bytes = (int.from_bytes(first[at : at + 8], "little") for at in (12, 20))
    if size_bytes == 0:
        return Header()
    if size_bytes > HEADER_MAX_BYTES:
        raise LimitError("the archive's header is longer than allowed")
    if offset + size_bytes > opening.body.size_bytes:
        raise TruncatedError("the archive ends before its header")
    data = opening.body.at(offset, size_bytes)
    if zlib.crc32(data) != int.from_bytes(first[28:32], "little"):
        raise DecodeError(DAMAGED)
    entries_max = opening.unpacking.gauge.budget.bounds.archive_members_max
    for _ in range(_WRAPPINGS_MAX):
        if data[:1] != bytes([ENCODED_HEADER]):
            return read_header(data, entries_max, opening.unpacking.tick)
        data = _unwrap(data, opening)
    raise DecodeError(DAMAGED)


def _unwrap(data: bytes, opening: Opening) -> bytes:
    folders = read_streams(Scan(data[1:]), 1, opening.unpacking.tick)
    if len(folders) != 1 or len(folders[0].parts) != 1:
        raise DecodeError(DAMAGED)
    if folders[0].sizes[-1] > HEADER_MAX_BYTES:
        raise LimitError("the archive's header is longer than allowed")
    folder = FolderReader(folders[0], opening, what="the archive")
    refusal: InputError | None = folder.refusal()
    if refusal is not None:
        raise refusal
    part = Part(0, folders[0].parts[0], folders[0].checksums[0])
    stream, parts = folder.open_part(part), []
    while piece := stream.read(CHUNK_BYTES):
        parts.append(piece)
    return b"".join(parts)
