"""The headers of a RAR archive (versions 1.5 to 7), walked by our own code.

libarchive hands over locked members as if they were not, and stored ones without looking at their
checksum: so what an archive says is read here, and libarchive only decompresses.
Source: RAR 5.0 archive format (rarlab); technote.txt of RAR 4.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import DecodeError, EncryptedError, TruncatedError
from firstlight.intake.archive.stream import Tick, Window

MARK4, MARK5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"
DAMAGED: Final = "a header of the RAR archive is damaged"
LOCKED_NAMES: Final = "the archive is encrypted; RAR encryption is not opened"

_HEADER_MAX_BYTES: Final = 1 << 21
_FILETIME_1970: Final = 116_444_736_000_000_000
_MAIN4, _FILE4, _END4 = 0x73, 0x74, 0x7B
_FILE5, _LOCK5, _END5 = 2, 4, 5
_STORED4: Final = 0x30


@dataclass(frozen=True, slots=True)
class RarEntry:
    """One entry: a file, folder or link.

    Args:
        packed: Its packed bytes.
        checksum: CRC-32 of the content; None where another or none is stated.
        is_split: Part of it lies in another volume.
    """

    name: bytes
    packed: Window
    size_bytes: int
    checksum: int | None
    mtime_ns: int | None = None
    born_ns: int | None = None
    accessed_ns: int | None = None
    is_folder: bool = False
    is_link: bool = False
    is_locked: bool = False
    is_stored: bool = False
    is_split: bool = False


class _Fields:
    """Reads a header from its start to its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left_bytes(self) -> int:
        return len(self._data) - self.at

    def take(self, size_bytes: int) -> bytes:
        if not 0 <= size_bytes <= self.left_bytes:
            raise DecodeError(DAMAGED)
        self.at += size_bytes
        return self._data[self.at - size_bytes : self.at]

    def fixed(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def number(self) -> int:
        """Take a number of seven bits a byte, the low ones first."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value & 0xFFFFFFFFFFFFFFFF
        raise DecodeError(DAMAGED)


def read_entries(window: Window, tick: Tick) -> Iterator[RarEntry]:
    """Give the entries in the order of the archive.

    Raises:
        EncryptedError: Even the headers are locked.
        DecodeError: A header is damaged; what came before is sound.
        TruncatedError: The archive ends inside a header.
    """
    if window.at(0, len(MARK5)) == MARK5:
        return _entries5(window, tick)
    return _entries4(window, tick)


def _entries5(window: Window, tick: Tick) -> Iterator[RarEntry]:
    position = len(MARK5)
    while position < window.size_bytes:
        tick()
        lead = _Fields(window.at(position, 7))
        if lead.left_bytes < 5:
            raise TruncatedError("the archive ends inside a header")
        checksum = lead.fixed(4)
        size_bytes = lead.number()
        if not 0 < size_bytes <= _HEADER_MAX_BYTES:
            raise DecodeError(DAMAGED)
        sized = window.at(position + 4, lead.at - 4 + size_bytes)
        if len(sized) < lead.at - 4 + size_bytes:
            raise TruncatedError("the archive ends inside a header")
        if zlib.crc32(sized) != checksum:
            raise DecodeError(DAMAGED)
        position += lead.at + size_bytes
        fields = _Fields(sized[lead.at - 4 :])
        kind, flags = fields.number(), fields.number()
        extra_bytes = fields.number() if flags & 1 else 0
        data_bytes = fields.number() if flags & 2 else 0
        if kind == _LOCK5:
            raise EncryptedError(LOCKED_NAMES)
        if kind == _END5:
            return
        if kind == _FILE5:
            body = _Fields(fields.take(fields.left_bytes - extra_bytes))
            packed = window.part(position, data_bytes)
            yield _entry5(body, _Fields(fields.take(extra_bytes)), packed, bool(flags & 24))
        position += data_bytes


def _entry5(body: _Fields, extra: _Fields, packed: Window, is_split: bool) -> RarEntry:
    flags, size_bytes, _ = body.number(), body.number(), body.number()
    mtime_ns = body.fixed(4) * 10**9 if flags & 2 else None
    checksum = body.fixed(4) if flags & 4 else None
    compression, _ = body.number(), body.number()
    name = body.take(body.number())
    records: dict[int, _Fields] = {}
    while extra.left_bytes:
        record = _Fields(extra.take(extra.number()))
        records.setdefault(record.number(), record)
    times = _times5(records[3]) if 3 in records else {}
    return RarEntry(
        name,
        packed,
        0 if flags & 8 else size_bytes,
        checksum,
        mtime_ns=times.get(2, mtime_ns),
        born_ns=times.get(4),
        accessed_ns=times.get(8),
        is_folder=bool(flags & 1),
        is_link=5 in records,
        is_locked=1 in records,
        is_stored=compression >> 7 & 7 == 0,
        is_split=is_split,
    )


def _times5(record: _Fields) -> dict[int, int]:
    flags = record.number()
    stated = [bit for bit in (2, 4, 8) if flags & bit]
    if not flags & 1:
        return {
            bit: moment
            for bit in stated
            if (moment := (record.fixed(8) - _FILETIME_1970) * 100) < 1 << 63
        }
    times = {bit: record.fixed(4) * 10**9 for bit in stated}
    if flags & 16:
        times = {bit: moment + record.fixed(4) % 10**9 for bit, moment in times.items()}
    return times


def _entries4(window: Window, tick: Tick) -> Iterator[RarEntry]:
    position = len(MARK4)
    while position < window.size_bytes:
        tick()
        lead = window.at(position, 7)
        size_bytes = int.from_bytes(lead[5:7], "little")
        if len(lead) < 7 or position + size_bytes > window.size_bytes:
            raise TruncatedError("the archive ends inside a header")
        header = window.at(position, size_bytes)
        kind, flags = lead[2], int.from_bytes(lead[3:5], "little")
        if size_bytes < 7 or not _MAIN4 <= kind <= _END4:
            raise DecodeError(DAMAGED)
        # A comment inside the main header is left out of its checksum.
        summed = header[2:13] if kind == _MAIN4 else header[2:]
        if zlib.crc32(summed) & 0xFFFF != int.from_bytes(header[:2], "little"):
            raise DecodeError(DAMAGED)
        position += size_bytes
        if kind == _END4:
            return
        if kind == _MAIN4 and flags & 0x80:
            raise EncryptedError(LOCKED_NAMES)
        fields = _Fields(header[7:])
        if kind == _FILE4:
            entry, data_bytes = _entry4(fields, flags, window, position)
            yield entry
        else:
            data_bytes = fields.fixed(4) if flags & 0x8000 else 0
            if kind > _FILE4 and flags & 0x100 and size_bytes >= 36:
                fields.take(21)
                data_bytes |= fields.fixed(4) << 32
        position += data_bytes


def _entry4(fields: _Fields, flags: int, window: Window, start: int) -> tuple[RarEntry, int]:
    packed_bytes, size_bytes = fields.fixed(4), fields.fixed(4)
    host, checksum = fields.fixed(1), fields.fixed(4)
    fields.take(5)
    method, name_bytes, attributes = fields.fixed(1), fields.fixed(2), fields.fixed(4)
    if flags & 0x100:
        packed_bytes |= fields.fixed(4) << 32
        size_bytes |= fields.fixed(4) << 32
    name = fields.take(name_bytes)
    if flags & 0x200 and b"\0" in name:
        name = _wide_name(*name.split(b"\0", 1))
    return RarEntry(
        name,
        window.part(start, packed_bytes),
        size_bytes,
        checksum,
        is_folder=flags & 0xE0 == 0xE0,
        is_link=host == 3 and attributes & 0o170000 == 0o120000,
        is_locked=bool(flags & 4),
        is_stored=method == _STORED4,
        is_split=bool(flags & 3),
    ), packed_bytes


def _wide_name(plain: bytes, packed: bytes) -> bytes:
    """Read a name in RAR 4's packed UTF-16, which leans on the plain name before it."""
    fields, out = _Fields(packed), bytearray()
    high = fields.fixed(1) if packed else 0
    modes = left = 0
    while fields.left_bytes and len(out) < 1 << 16:
        if not left:
            modes, left = fields.fixed(1), 8
            if not fields.left_bytes:
                break
        left -= 2
        mode = modes >> left & 3
        if mode == 0:
            out += bytes((fields.fixed(1), 0))
        elif mode == 1:
            out += bytes((fields.fixed(1), high))
        elif mode == 2:
            out += fields.take(2)
        else:
            length = fields.fixed(1)
            shift = fields.fixed(1) if length & 128 else 0
            start = len(out) // 2
            for byte in plain[start : start + (length & 127) + 2]:
                out += bytes(((byte + shift) & 255, high if length & 128 else 0))
    return bytes(out).decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
