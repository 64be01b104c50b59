"""ZIP: members by the central directory, or by their own headers where that is broken."""

from __future__ import annotations

import io
import stat
import zlib
from collections.abc import Callable, Iterator
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
from firstlight.intake.archive.locked import TRIAL_BYTES, Passwords
from firstlight.intake.archive.member import Member, Unpacking, failed_member, skipped_member
from firstlight.intake.archive.stream import (
    CHUNK_BYTES,
    ByteStream,
    ExactStream,
    ResumedStream,
    Tick,
    Window,
)
from firstlight.intake.archive.zip_directory import (
    ZipEntry,
    find_directory,
    number,
    read_entries,
    survey,
)
from firstlight.intake.archive.zip_lock import Lock, OpenLock, is_locked, lock_of
from firstlight.intake.archive.zip_rescue import rescue_entries
from firstlight.model.media import FileFacts

_STORED, _LZMA = 0, 14
_CODECS: Final = {8: "deflate", 12: "bzip2", 14: "lzma", 20: "zstd", 93: "zstd", 95: "xz"}
_HAS_LZMA_END: Final = 2
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
    passwords = Passwords(unpacking, in_legacy_forms=True)
    for ordinal, entry in enumerate(entries):
        budget.count_member()
        if not entry.is_folder:
            yield _member_of(source, entry, ordinal, ordinal in sharing, unpacking, passwords)


def _member_of(
    window: Window,
    entry: ZipEntry,
    ordinal: int,
    is_sharing: bool,
    unpacking: Unpacking,
    passwords: Passwords,
) -> Member:
    facts = FileFacts(entry.size_bytes, mtime_ns=entry.mtime_ns)
    if stat.S_ISLNK(entry.unix_mode):
        reason = "symbolic link inside an archive, not followed"
        return skipped_member(entry.name, ordinal, facts, reason)
    try:
        if is_sharing:
            raise LimitError(_SHARES)
        if is_locked(entry) and not passwords:
            raise passwords.refusal("the member")
        data = _data_of(window, entry)
        lock = lock_of(entry, data) if is_locked(entry) else None
        inner = entry if lock is None else lock.entry
        if inner.method != _STORED and inner.method not in _CODECS:
            raise NotOpenedError("the member's compression method is not opened yet")
    except (DecodeError, TruncatedError, EncryptedError, NotOpenedError, LimitError) as error:
        return failed_member(entry.name, ordinal, facts, error)
    if lock is not None:
        opener: Callable[[], ByteStream] = partial(_open_locked, lock, unpacking, passwords)
        return Member(entry.name, ordinal, facts, opener=opener, is_reopenable=True)
    is_plain = entry.method == _STORED and entry.packed_bytes == entry.size_bytes
    return Member(
        entry.name,
        ordinal,
        facts,
        opener=lambda: _ZipStream(data.part(0, data.size_bytes), entry, unpacking),
        window=data if is_plain else None,
        is_reopenable=True,
    )


def _open_locked(lock: Lock, unpacking: Unpacking, passwords: Passwords) -> ByteStream:
    """Find the password that opens a member, and give its content.

    Raises:
        EncryptedError: None does.
        LimitError: A bound is exceeded.
    """
    for password in passwords.in_order():
        opened = lock.turn(password)
        if opened is None:
            continue
        content = _tried(lock.entry, opened, unpacking, is_proven=passwords.is_proven(password))
        if content is not None:
            passwords.prove(password)
            return content
    raise passwords.refusal("the member")


def _tried(
    entry: ZipEntry, opened: OpenLock, unpacking: Unpacking, *, is_proven: bool
) -> ByteStream | None:
    """Test a password that passes the first check by the content itself; None if it fails.

    Small members are read to their end, and handed over from memory. Of a large one, sealed
    bytes are read once more than the content (not where the password has opened another
    member); compressed content must decompress for a while; stored content is read twice.
    """

    def content(spend: Callable[[int], None] | None) -> _ZipStream:
        return _ZipStream(opened.unlocked(), entry, unpacking, is_locked=True, spend=spend)

    is_large = entry.packed_bytes > TRIAL_BYTES
    if is_large and opened.is_sealed:
        return content(None) if is_proven or opened.is_whole(unpacking.tick) else None
    bears_out_bytes = None if is_large and entry.method == _STORED else TRIAL_BYTES
    fits, held = _trial(content(lambda _: None), bears_out_bytes, unpacking.tick)
    if not fits:
        return None
    stream = content(None)
    if held is None:
        return stream
    if entry.method != _STORED:
        stream.spend(len(held))
    return io.BytesIO(held)


def _trial(
    stream: ByteStream, bears_out_bytes: int | None, tick: Tick
) -> tuple[bool, bytes | None]:
    """Read a stream to its end, or for so many bytes; keep what is short."""
    parts: list[bytes] = []
    size_bytes = 0
    try:
        while data := stream.read(CHUNK_BYTES):
            tick()
            size_bytes += len(data)
            if bears_out_bytes is None:
                continue
            if size_bytes > bears_out_bytes:
                return True, None
            parts.append(data)
    except UnreadableError:
        raise
    except InputError:
        return False, None
    return True, None if bears_out_bytes is None else b"".join(parts)


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

    def __init__(
        self,
        source: ByteStream,
        entry: ZipEntry,
        unpacking: Unpacking,
        *,
        is_locked: bool = False,
        spend: Callable[[int], None] | None = None,
    ) -> None:
        self._entry = entry
        self._bounds = unpacking.gauge.budget.bounds
        self._gauge = unpacking.gauge
        self._checksum = 0
        self._size_bytes = 0
        self._seal = source if is_locked else None
        if entry.method == _STORED:
            self._content: ByteStream = ExactStream(source, entry.packed_bytes)
            return
        if entry.method == _LZMA:
            source = _with_old_header(source, entry)
        codec = _CODECS[entry.method]
        self._content = Inflated(source, codec, spend=spend or self.spend, tick=unpacking.tick)

    def spend(self, output_bytes: int) -> None:
        """Count output.

        Raises:
            LimitError: The member, or its archive, gives out too much.
        """
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
        # A seal is looked at behind the last byte, which the decompressor need not reach.
        while not data and self._seal is not None and self._seal.read(CHUNK_BYTES):
            pass
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
