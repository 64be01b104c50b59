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
from collections.abc import Callable
from typing import Final

from firstlight.errors import DecodeError, InputError
from firstlight.intake.archive.stream import Window
from firstlight.intake.disk.ewf_segment import ChunkTable, EwfSegment, Read, is_checked
from firstlight.intake.disk.segment import SegmentFiles
from firstlight.intake.disk.source import DAMAGED, MISSING, UNREADABLE, Losses

_TABLES_KEPT: Final = 8
_CHUNKS_KEPT_BYTES: Final = 1 << 21
_IS_COMPRESSED: Final = 1 << 31


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
        self.input_bytes = first.size_bytes
        self._tables_open: OrderedDict[int, array[int]] = OrderedDict()
        self._chunks: OrderedDict[int, bytes] = OrderedDict()
        segments = [EwfSegment(first.at, first.size_bytes, 1)]
        if not segments[0].chunk_bytes:
            raise DecodeError("the image does not say how its disk is measured")
        for number, further, size_bytes in files.find(name):
            if segments[-1].is_last:
                break
            tick()
            self.input_bytes += size_bytes
            segments.append(EwfSegment(_reader(files, further), size_bytes, number))
        self.chunk_bytes, self.size_bytes = segments[0].chunk_bytes, segments[0].disk_bytes
        self.chunk_count = -(-self.size_bytes // self.chunk_bytes)
        self.stored = {key: text for one in segments for key, text in one.facts.items()}
        self.has_broken_table = any(segment.has_broken_table for segment in segments)
        self.has_missing_segment = _is_one_missing(segments)
        self.has_cut_segment = not all(segment.is_whole for segment in segments)
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

    def _place(self, segments: list[EwfSegment]) -> list[ChunkTable]:
        """Number the chunks: from the start up to the first gap, from the end back to the last."""
        gaps = [n for n, segment in enumerate(segments) if _is_gap_before(segments, n)]
        gaps += [n + 1 for n, segment in enumerate(segments) if not segment.is_whole]
        cut = min(gaps, default=len(segments))
        tables: list[ChunkTable] = []
        chunk = 0
        for table in (table for segment in segments[:cut] for table in segment.tables):
            table.first_chunk = chunk
            chunk += table.count
            tables.append(table)
        if gaps and segments[-1].is_last:
            later: list[ChunkTable] = []
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


def _is_gap_before(segments: list[EwfSegment], place: int) -> bool:
    return place > 0 and segments[place].number != segments[place - 1].number + 1


def _is_one_missing(segments: list[EwfSegment]) -> bool:
    """Whether a segment is not there: between others, or at the end."""
    has_gap = any(_is_gap_before(segments, n) for n in range(len(segments)))
    return has_gap or (segments[-1].is_whole and not segments[-1].is_last)


def _reader(files: SegmentFiles, name: bytes) -> Read:
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
        if is_checked(packed, length + 4):
            return packed[:size_bytes]
    return None
