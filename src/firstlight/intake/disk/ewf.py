"""EnCase images of the first format (EWF-E01), chunk by chunk.

Our own reader, since libewf gives zeros for a chunk whose checksum does not fit and does not say
so, and gives nothing at all where a segment in the middle is missing or one is cut short. What
ours does not know goes to libewf (``library``).

Source: Joachim Metz, "Expert Witness Compression Format (EWF)"; compared with libewf in tests.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from firstlight.errors import DecodeError, InputError, NotOpenedError
from firstlight.intake.archive.stream import Window
from firstlight.intake.disk.segment import SegmentFiles
from firstlight.intake.disk.source import DAMAGED, MISSING, UNREADABLE, Losses

SIGNATURE: Final = b"EVF\x09\x0d\x0a\xff\x00"
_HEAD_BYTES: Final = 13
_DESCRIPTOR_BYTES: Final = 76
_SECTIONS_MAX: Final = 100_000
_CHUNK_MAX_BYTES: Final = 1 << 25
_DISK_MAX_BYTES: Final = 1 << 56
_TABLES_KEPT: Final = 8
_CHUNKS_KEPT_BYTES: Final = 1 << 21
_IS_COMPRESSED: Final = 1 << 31
_TABLE_HEAD_BYTES: Final = 24

Reader = Callable[[int, int], bytes]


@dataclass(slots=True)
class _Table:
    """Where a run of chunks lies.

    Args:
        first_chunk: Number of its first chunk on the disk.
        entries_at, count, base: Where its offsets stand, how many, and what they count from.
        end: Where the last of its chunks ends at the latest.
        is_sound: Its checksum fits; its copy (``table2``) takes its place otherwise.
    """

    read: Reader
    entries_at: int
    count: int
    base: int
    end: int
    first_chunk: int = 0
    is_sound: bool = True


@dataclass(slots=True)
class _Segment:
    number: int
    tables: list[_Table] = field(default_factory=list)
    is_last: bool = False
    is_whole: bool = True


class EwfBytes:
    """The disk in an E01 image.

    Args:
        first: The first segment.
        files: Where further segments are read.
        name: Name of the first segment.
        tick: Called while long work goes on.

    Raises:
        NotOpenedError: A form of EWF that is not read here.
        DecodeError: The first segment says nothing of the disk.
    Cost: Memory of about 100 bytes for each 16,000 chunks (500 MB), and a few MiB.
    """

    def __init__(
        self, first: Window, files: SegmentFiles, name: bytes, tick: Callable[[], None]
    ) -> None:
        self.losses = Losses()
        self.chunk_bytes = 0
        self.chunk_count = 0
        self.size_bytes = 0
        self.input_bytes = first.size_bytes
        self.stored: dict[str, str] = {}
        self.has_broken_table = False
        self._tables_open: OrderedDict[int, array[int]] = OrderedDict()
        self._chunks: OrderedDict[int, bytes] = OrderedDict()
        segments = [self._scan(first.at, first.size_bytes, 1)]
        if not self.chunk_bytes:
            raise DecodeError("the image does not say how its disk is measured")
        for number, further, size_bytes in files.find(name):
            if segments[-1].is_last:
                break
            tick()
            self.input_bytes += size_bytes
            segments.append(self._scan(_reader(files, further), size_bytes, number))
        self.missing_segments = _missing(segments)
        self.cut_segments = sum(not segment.is_whole for segment in segments)
        self._tables = self._place(segments)
        self._starts = [table.first_chunk for table in self._tables]

    def at(self, position: int, size_bytes: int) -> bytes:
        """Read at a position."""
        size_bytes = max(0, min(size_bytes, self.size_bytes - position))
        if not size_bytes:
            return b""
        first = position // self.chunk_bytes
        last = (position + size_bytes - 1) // self.chunk_bytes
        parts = [self._chunk(number) for number in range(first, last + 1)]
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        start = position - first * self.chunk_bytes
        is_exact = start == 0 and len(data) == size_bytes
        return data if is_exact else data[start : start + size_bytes]

    def _chunk(self, number: int) -> bytes:
        """Give a chunk's bytes; zeros where they cannot be had."""
        known = self._chunks.get(number)
        if known is not None:
            self._chunks.move_to_end(number)
            return known
        start = number * self.chunk_bytes
        size_bytes = min(self.chunk_bytes, self.size_bytes - start)
        data, kind = self._read_chunk(number, size_bytes)
        if kind is not None:
            self.losses.note(start, start + size_bytes, kind)
        self._chunks[number] = data
        if len(self._chunks) * self.chunk_bytes > _CHUNKS_KEPT_BYTES:
            self._chunks.popitem(last=False)
        return data

    def _read_chunk(self, number: int, size_bytes: int) -> tuple[bytes, str | None]:
        nothing = bytes(size_bytes)
        place = bisect_right(self._starts, number) - 1
        if place < 0 or number >= self._tables[place].first_chunk + self._tables[place].count:
            return nothing, MISSING
        table = self._tables[place]
        try:
            entries = self._entries(place)
            index = number - table.first_chunk
            entry = entries[index]
            start = table.base + (entry & ~_IS_COMPRESSED)
            end = table.end
            if index + 1 < len(entries):
                end = table.base + (entries[index + 1] & ~_IS_COMPRESSED)
            stored_bytes = end - start
            if not 0 < stored_bytes <= 2 * self.chunk_bytes + 1024:
                # Offsets that ran over 31 bits, as some programs wrote them: all 32 count.
                start = table.base + entry
                stored_bytes = self.chunk_bytes + 4
                entry = 0
            packed = table.read(start, stored_bytes)
        except DecodeError:
            return nothing, DAMAGED
        except InputError:
            return nothing, UNREADABLE
        if len(packed) < stored_bytes and index + 1 < len(entries):
            return nothing, MISSING
        is_compressed = bool(entry & _IS_COMPRESSED)
        data = _unpack(packed, size_bytes, self.chunk_bytes, is_compressed=is_compressed)
        return (nothing, DAMAGED) if data is None else (data, None)

    def _entries(self, place: int) -> array[int]:
        entries = self._tables_open.get(place)
        if entries is None:
            table = self._tables[place]
            data = table.read(table.entries_at, 4 * table.count)
            if len(data) < 4 * table.count:
                raise DecodeError("a table of the image is cut short")
            entries = array("I", data)
            if sys.byteorder == "big":
                entries.byteswap()
            self._tables_open[place] = entries
            if len(self._tables_open) > _TABLES_KEPT:
                self._tables_open.popitem(last=False)
        self._tables_open.move_to_end(place)
        return entries

    def _scan(self, read: Reader, size_bytes: int, number: int) -> _Segment:
        """Go through the sections of a segment."""
        segment = _Segment(number)
        head = read(0, _HEAD_BYTES)
        if not head.startswith(SIGNATURE) or _number(head, 9, 2) != number:
            segment.is_whole = False
            return segment
        at, chunks_end = _HEAD_BYTES, 0
        for _ in range(_SECTIONS_MAX):
            descriptor = read(at, _DESCRIPTOR_BYTES)
            if not _is_checked(descriptor, _DESCRIPTOR_BYTES):
                break
            kind = descriptor[:16].partition(b"\x00")[0]
            following, length = _number(descriptor, 16, 8), _number(descriptor, 24, 8)
            body = at + _DESCRIPTOR_BYTES
            if kind in (b"volume", b"disk", b"data"):
                self._take_measures(read(body, 1052))
            elif kind == b"sectors":
                chunks_end = min(following if following > at else at + length, size_bytes)
            elif kind in (b"table", b"table2"):
                self._take_table(segment, read, body, chunks_end or at)
            elif kind in (b"hash", b"digest", b"header"):
                self._take_facts(kind, read(body, min(max(length, 0), 1 << 16)))
            if kind in (b"done", b"next"):
                segment.is_last = kind == b"done"
                return segment
            if following <= at:
                break
            at = following
        segment.is_whole = False
        return segment

    def _take_measures(self, body: bytes) -> None:
        if self.chunk_bytes:
            return
        is_long = _is_checked(body, 1052)
        if not is_long and not _is_checked(body[:94], 94):
            raise DecodeError("the measures of the disk are damaged")
        sectors_per_chunk, sector_bytes = _number(body, 8, 4), _number(body, 12, 4)
        chunk_bytes = sectors_per_chunk * sector_bytes
        size_bytes = _number(body, 16, 8 if is_long else 4) * sector_bytes
        if not 0 < chunk_bytes <= _CHUNK_MAX_BYTES or not 0 < size_bytes <= _DISK_MAX_BYTES:
            raise DecodeError("the measures of the disk are damaged")
        self.chunk_bytes, self.size_bytes = chunk_bytes, size_bytes
        self.chunk_count = -(-size_bytes // chunk_bytes)

    def _take_table(
        self, segment: _Segment, read: Reader, body: int, chunks_end: int
    ) -> None:
        head = read(body, _TABLE_HEAD_BYTES)
        if not _is_checked(head, _TABLE_HEAD_BYTES):
            self.has_broken_table = True
            return
        count, base = _number(head, 0, 4), _number(head, 8, 8)
        entries_at = body + _TABLE_HEAD_BYTES
        if not count or count > 1 << 24:
            return
        if not segment.tables and chunks_end <= body and not base:
            raise NotOpenedError("a form of EWF that keeps its chunks in its tables")
        data = read(entries_at, 4 * count + 4)
        is_sound = _is_checked(data, 4 * count + 4)
        self.has_broken_table |= not is_sound
        table = _Table(read, entries_at, count, base, chunks_end, is_sound=is_sound)
        twin = segment.tables[-1] if segment.tables else None
        if twin is None or twin.end != chunks_end:
            segment.tables.append(table)
        elif is_sound and not twin.is_sound:
            segment.tables[-1] = table

    def _take_facts(self, kind: bytes, body: bytes) -> None:
        if kind == b"header":
            self.stored.update(_header_facts(body))
        elif len(body) >= 36 and any(body[:16]):
            self.stored["md5"] = body[:16].hex()
            if kind == b"digest" and any(body[16:36]):
                self.stored["sha1"] = body[16:36].hex()

    def _place(self, segments: list[_Segment]) -> list[_Table]:
        """Number the chunks: from the start up to the first gap, from the end back to the last."""
        gaps = [n for n, segment in enumerate(segments) if _is_gap_before(segments, n)]
        gaps += [n + 1 for n, segment in enumerate(segments) if not segment.is_whole]
        cut = min(gaps, default=len(segments))
        tables: list[_Table] = []
        chunk = 0
        for table in (table for segment in segments[:cut] for table in segment.tables):
            table.first_chunk = chunk
            chunk += table.count
            tables.append(table)
        if gaps and segments[-1].is_last:
            later: list[_Table] = []
            end = self.chunk_count
            kept = segments[max(gaps) :]
            for table in reversed([table for segment in kept for table in segment.tables]):
                end -= table.count
                if end < chunk:
                    break
                table.first_chunk = end
                later.append(table)
            tables += reversed(later)
        return tables


def _is_gap_before(segments: list[_Segment], place: int) -> bool:
    return place > 0 and segments[place].number != segments[place - 1].number + 1


def _missing(segments: list[_Segment]) -> bool:
    """Whether a segment is not there: between others, or at the end."""
    has_gap = any(_is_gap_before(segments, n) for n in range(len(segments)))
    return has_gap or (segments[-1].is_whole and not segments[-1].is_last)


def _reader(files: SegmentFiles, name: bytes) -> Reader:
    return lambda position, size_bytes: files.at(name, position, size_bytes)


def _unpack(
    packed: bytes, size_bytes: int, chunk_bytes: int, *, is_compressed: bool
) -> bytes | None:
    """Give a chunk's bytes if its checksum fits; None otherwise.

    Args:
        size_bytes: How many there are at least; the last chunk of a disk may be shorter.
    """
    if is_compressed:
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(packed, chunk_bytes)
            # The bound on the size leaves the checksum behind the last byte unread.
            more = inflater.eof or inflater.decompress(inflater.unconsumed_tail, 1)
        except zlib.error:
            return None
        is_whole = len(data) >= size_bytes and inflater.eof and more in (True, b"")
        return data[:size_bytes] if is_whole else None
    for length in (size_bytes, chunk_bytes):
        if _is_checked(packed, length + 4):
            return packed[:size_bytes]
    return None


def _header_facts(body: bytes) -> Iterator[tuple[str, str]]:
    """Read what was stated at the acquisition: lines of names and values, tabs between them."""
    try:
        text = zlib.decompressobj().decompress(body, 1 << 16).decode("latin-1")
    except zlib.error:
        return
    lines = text.splitlines()
    if len(lines) >= 4:
        yield from zip(lines[2].split("\t"), lines[3].split("\t"), strict=False)


def _number(data: bytes, at: int, size_bytes: int) -> int:
    return int.from_bytes(data[at : at + size_bytes], "little")


def _is_checked(data: bytes, size_bytes: int) -> bool:
    """Whether bytes are all there and their own checksum, at their end, fits."""
    body = data[: size_bytes - 4]
    checksum = zlib.adler32(body).to_bytes(4, "little")
    return len(data) >= size_bytes and data[size_bytes - 4 : size_bytes] == checksum
