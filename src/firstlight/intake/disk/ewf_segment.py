"""One segment of an EnCase image (EWF-E01): its sections, gone through once.

Source: Joachim Metz, "Expert Witness Compression Format (EWF)".
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import DecodeError, NotOpenedError

SIGNATURE: Final = b"EVF\x09\x0d\x0a\xff\x00"
_HEAD_BYTES: Final = 13
_DESCRIPTOR_BYTES: Final = 76
_MEASURES_BYTES, _OLD_MEASURES_BYTES = 1052, 94
_TABLE_HEAD_BYTES: Final = 24
_SECTIONS_MAX: Final = 100_000
_ENTRIES_MAX: Final = 1 << 24
_CHUNK_MAX_BYTES: Final = 1 << 25
_DISK_MAX_BYTES: Final = 1 << 56
_FACTS_MAX_BYTES: Final = 1 << 16

Read = Callable[[int, int], bytes]


@dataclass(slots=True)
class ChunkTable:
    """Where a run of chunks lies.

    Args:
        read: Reads the segment at a position.
        entries_at, count, base: Where its offsets stand, how many, and what they count from.
        end: Where the last of its chunks ends at the latest.
        is_sound: Its checksum fits; its copy (``table2``) takes its place otherwise.
        first_chunk: Number of its first chunk on the disk.
    """

    read: Read
    entries_at: int
    count: int
    base: int
    end: int
    is_sound: bool
    first_chunk: int = 0


class EwfSegment:
    """What the sections of a segment say.

    Args:
        number: Which segment it should be, from 1.

    Raises:
        NotOpenedError: A form of EWF that is not read here.
        DecodeError: The measures of the disk are damaged.
    """

    def __init__(self, read: Read, size_bytes: int, number: int) -> None:
        self.number = number
        self.tables: list[ChunkTable] = []
        self.facts: dict[str, str] = {}
        self.chunk_bytes = self.disk_bytes = 0
        self.is_last = self.is_whole = False
        self.has_broken_table = False
        self._read = read
        head = read(0, _HEAD_BYTES)
        if head.startswith(SIGNATURE) and number_at(head, 9, 2) == number:
            self._scan(size_bytes)

    def _scan(self, size_bytes: int) -> None:
        at, chunks_end = _HEAD_BYTES, 0
        for _ in range(_SECTIONS_MAX):
            descriptor = self._read(at, _DESCRIPTOR_BYTES)
            if not is_checked(descriptor, _DESCRIPTOR_BYTES):
                return
            kind = descriptor[:16].partition(b"\x00")[0]
            following, length = number_at(descriptor, 16, 8), number_at(descriptor, 24, 8)
            body = at + _DESCRIPTOR_BYTES
            if kind in (b"volume", b"disk", b"data"):
                self._take_measures(self._read(body, _MEASURES_BYTES))
            elif kind == b"sectors":
                chunks_end = min(following if following > at else at + length, size_bytes)
            elif kind in (b"table", b"table2"):
                self._take_table(body, chunks_end or at)
            elif kind in (b"hash", b"digest", b"header"):
                self._take_facts(kind, self._read(body, min(length, _FACTS_MAX_BYTES)))
            if kind in (b"done", b"next"):
                self.is_whole = True
                self.is_last = kind == b"done"
                return
            if following <= at:
                return
            at = following

    def _take_measures(self, body: bytes) -> None:
        if self.chunk_bytes:
            return
        is_long = is_checked(body, _MEASURES_BYTES)
        if not is_long and not is_checked(body, _OLD_MEASURES_BYTES):
            raise DecodeError("the measures of the disk are damaged")
        sectors_per_chunk, sector_bytes = number_at(body, 8, 4), number_at(body, 12, 4)
        chunk_bytes = sectors_per_chunk * sector_bytes
        disk_bytes = number_at(body, 16, 8 if is_long else 4) * sector_bytes
        if not 0 < chunk_bytes <= _CHUNK_MAX_BYTES or not 0 < disk_bytes <= _DISK_MAX_BYTES:
            raise DecodeError("the measures of the disk are damaged")
        self.chunk_bytes, self.disk_bytes = chunk_bytes, disk_bytes

    def _take_table(self, body: int, chunks_end: int) -> None:
        head = self._read(body, _TABLE_HEAD_BYTES)
        if not is_checked(head, _TABLE_HEAD_BYTES):
            self.has_broken_table = True
            return
        count, base = number_at(head, 0, 4), number_at(head, 8, 8)
        if not 0 < count <= _ENTRIES_MAX:
            return
        if not self.tables and chunks_end <= body and not base:
            raise NotOpenedError("a form of EWF that keeps its chunks in its tables")
        entries_at, size_bytes = body + _TABLE_HEAD_BYTES, 4 * count + 4
        is_sound = is_checked(self._read(entries_at, size_bytes), size_bytes)
        self.has_broken_table |= not is_sound
        table = ChunkTable(self._read, entries_at, count, base, chunks_end, is_sound)
        twin = self.tables[-1] if self.tables else None
        if twin is None or twin.end != chunks_end:
            self.tables.append(table)
        elif is_sound and not twin.is_sound:
            self.tables[-1] = table

    def _take_facts(self, kind: bytes, body: bytes) -> None:
        if kind == b"header":
            self.facts.update(_header_facts(body))
        elif len(body) >= 36 and any(body[:16]):
            self.facts["md5"] = body[:16].hex()
            if kind == b"digest" and any(body[16:36]):
                self.facts["sha1"] = body[16:36].hex()


def _header_facts(body: bytes) -> Iterator[tuple[str, str]]:
    """Read what was stated at the acquisition: lines of names and values, tabs between them."""
    try:
        text = zlib.decompressobj().decompress(body, _FACTS_MAX_BYTES).decode("latin-1")
    except zlib.error:
        return
    lines = text.splitlines()
    if len(lines) >= 4:
        yield from zip(lines[2].split("\t"), lines[3].split("\t"), strict=False)


def number_at(data: bytes, at: int, size_bytes: int) -> int:
    """Read a number, lowest byte first."""
    return int.from_bytes(data[at : at + size_bytes], "little")


def is_checked(data: bytes, size_bytes: int) -> bool:
    """Whether so many bytes are there, and the checksum at their end fits."""
    checksum = zlib.adler32(data[: size_bytes - 4]).to_bytes(4, "little")
    return len(data) >= size_bytes and data[size_bytes - 4 : size_bytes] == checksum
