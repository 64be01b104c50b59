"""tar, read as a stream: old, ustar, GNU and pax, sparse members included.

Our own reader, because names must stay exact bytes, memory must not grow with the archive,
extended headers must be bounded, and damage in the middle must cost what is damaged and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from firstlight.errors import DecodeError, InputError, LimitError, TruncatedError
from firstlight.intake.archive.member import Member, Unpacking, failed_member, skipped_member
from firstlight.intake.archive.stream import ByteStream, ExactStream, Feed
from firstlight.intake.archive.tar_header import (
    BLOCK_BYTES,
    SPARSE_PARTS_MAX,
    Extension,
    TarHeader,
    parse_header,
    parse_parts,
    parse_pax,
)
from firstlight.intake.archive.tar_sparse import SparseStream, read_inner_map
from firstlight.intake.content_container import is_tar_header
from firstlight.model.media import FileFacts

_EXTENDED_MAX_BYTES: Final = 1 << 20
_END_BLOCKS_MAX: Final = 2048
_EMPTY_BLOCK: Final = bytes(BLOCK_BYTES)

_SKIPPED_KINDS: Final = {
    b"1": "hard link inside an archive, not followed",
    b"2": "symbolic link inside an archive, not followed",
    b"3": "special file inside an archive: character device",
    b"4": "special file inside an archive: block device",
    b"6": "special file inside an archive: pipe",
}
_FOLDER_KINDS: Final = frozenset((b"5", b"D", b"V"))
_PLAIN_KINDS: Final = frozenset((b"0", b"\x00", b"7"))
_DATALESS_KINDS: Final = frozenset((b"1", b"2", b"3", b"4", b"5", b"6", b"V"))


def tar_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the members of a tar, in its order, while it is read."""
    reader = _TarReader(Feed(source, unpacking.tick), unpacking)
    while (block := reader.next_header()) is not None:
        try:
            member = reader.take_entry(block)
        except (DecodeError, TruncatedError) as error:
            unpacking.report(error)
            continue
        if member is not None:
            yield member
        try:
            reader.leave_entry()
        except TruncatedError as error:
            unpacking.report(error)
            return


class _TarReader:
    """Where the reading stands: after which header, what is still to be passed over."""

    def __init__(self, feed: Feed, unpacking: Unpacking) -> None:
        self._feed = feed
        self._unpacking = unpacking
        self._extension = Extension()
        self._ordinal = 0
        self._entry_end = 0
        self._current: ExactStream | None = None

    def next_header(self) -> bytes | None:
        """Find the next block that is a header; None at the end of the archive."""
        is_damaged = False
        empty_blocks = 0
        while empty_blocks < _END_BLOCKS_MAX:
            block = self._feed.take(BLOCK_BYTES)
            if is_tar_header(block):
                self._unpacking.gauge.budget.count_member()
                return block
            if len(block) < BLOCK_BYTES:
                if not empty_blocks:
                    self._unpacking.report(TruncatedError("the archive has no end mark"))
                return None
            if block == _EMPTY_BLOCK:
                empty_blocks += 1
                continue
            if empty_blocks:
                self._unpacking.report(DecodeError("other bytes follow the end of the archive"))
                return None
            if not is_damaged:
                is_damaged = True
                self._unpacking.report(
                    DecodeError("the archive is damaged; reading went on at the next header")
                )
            self._unpacking.tick()
        return None

    def take_entry(self, block: bytes) -> Member | None:
        """Read what a header announces; None for folders and extended headers.

        Raises:
            DecodeError: The header is damaged.
            TruncatedError: The archive ends inside an extended header.
        """
        self._entry_end = self._feed.position
        self._current = None
        header = parse_header(block)
        if header.kind in b"LKxXg":
            self._take_extended(header)
            return None
        extension, self._extension = self._extension, Extension()
        ordinal, self._ordinal = self._ordinal, self._ordinal + 1
        parts = extension.parts or self._all_parts(header)
        stored_bytes = header.data_bytes
        if extension.data_bytes is not None:
            stored_bytes = extension.data_bytes
        if header.kind in _DATALESS_KINDS:
            stored_bytes = 0
        self._entry_end = self._feed.position + -(-stored_bytes // BLOCK_BYTES) * BLOCK_BYTES
        name = extension.sparse_name or extension.name or header.name
        is_old_folder = header.kind in _PLAIN_KINDS and name.endswith(b"/") and not stored_bytes
        if header.kind in _FOLDER_KINDS or is_old_folder:
            return None
        mtime_ns = extension.mtime_ns if extension.mtime_ns is not None else header.mtime_ns
        is_sparse = extension.is_sparse or header.kind == b"S"
        real_bytes = extension.sparse_bytes if extension.is_sparse else header.real_bytes
        size_bytes = (real_bytes or 0) if is_sparse else stored_bytes
        facts = FileFacts(size_bytes, mtime_ns=mtime_ns)
        if header.kind in _SKIPPED_KINDS:
            return skipped_member(name, ordinal, facts, _SKIPPED_KINDS[header.kind])
        if header.kind == b"M":
            error = TruncatedError("the member began in an earlier volume of the archive")
            return failed_member(name, ordinal, facts, error)
        return self._content_member(
            name, ordinal, facts, stored_bytes, parts, is_sparse, extension.has_sparse_map_inside
        )

    def _content_member(
        self,
        name: bytes,
        ordinal: int,
        facts: FileFacts,
        stored_bytes: int,
        parts: list[tuple[int, int]],
        is_sparse: bool,
        has_map_inside: bool,
    ) -> Member:
        whole, start = self._feed.window, self._feed.position
        window = whole.part(start, stored_bytes) if whole is not None else None

        def open_stored() -> ByteStream:
            if window is not None:
                return ExactStream(window.part(0, window.size_bytes), stored_bytes)
            self._current = ExactStream(_FeedStream(self._feed), stored_bytes)
            return self._current

        def open_sparse() -> ByteStream:
            stored = open_stored()
            pieces = read_inner_map(stored) if has_map_inside else parts
            return SparseStream(
                stored, pieces, facts.size_bytes, partial(self._unpacking.gauge.spend)
            )

        return Member(
            name,
            ordinal,
            facts,
            opener=open_sparse if is_sparse else open_stored,
            window=window if not is_sparse else None,
            is_reopenable=window is not None,
        )

    def leave_entry(self) -> None:
        """Pass over what is left of the current entry.

        Raises:
            TruncatedError: The archive ends before.
        """
        if self._current is not None:
            self._current.remaining_bytes = 0
        self._feed.skip(max(0, self._entry_end - self._feed.position))

    def _take_extended(self, header: TarHeader) -> None:
        padded = -(-header.data_bytes // BLOCK_BYTES) * BLOCK_BYTES
        self._entry_end = self._feed.position + padded
        if header.data_bytes > _EXTENDED_MAX_BYTES:
            self._unpacking.report(LimitError("an extended header is longer than allowed"))
            return
        data = self._feed.take(header.data_bytes)
        if len(data) < header.data_bytes:
            raise TruncatedError("the archive ends inside a header")
        if header.kind == b"L":
            self._extension.name = data.partition(b"\x00")[0]
        elif header.kind in b"xX":
            try:
                parse_pax(data, self._extension)
            except InputError as error:
                self._unpacking.report(error)

    def _all_parts(self, header: TarHeader) -> list[tuple[int, int]]:
        parts = list(header.parts)
        has_more = header.has_more_parts
        while has_more:
            block = self._feed.take(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                raise TruncatedError("the archive ends inside a header")
            parts += parse_parts(block[:504])
            has_more = bool(block[504])
            if len(parts) > SPARSE_PARTS_MAX or not any(block):
                raise DecodeError("the map of a sparse member is damaged")
        return parts


class _FeedStream:
    """The feed as a stream, for members that can be read only as they pass by."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        return self._feed.take(size_bytes)
