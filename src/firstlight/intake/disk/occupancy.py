"""Which clusters of an NTFS volume are in use: whether a deleted entry's space still is its own."""

from __future__ import annotations

from typing import Any, Final

from firstlight.intake.disk.content import Stream
from firstlight.intake.disk.library import LIBRARY_ERRORS

_BITMAP_RECORD: Final = 6
_WINDOW_BYTES: Final = 4096


class Occupancy:
    """The volume's own map of clusters in use, read where it is asked about."""

    def __init__(self, library: Any, start: int) -> None:
        self._library = library
        self._start = start
        self._bitmap: Any = None

    def is_used(self, stream: Stream) -> bool:
        """Whether any cluster of a deleted entry's content is in use today."""
        try:
            if self._bitmap is None:
                self._bitmap = self._library.open_meta(inode=_BITMAP_RECORD)
            return any(
                self._has_used(
                    (start - self._start) // stream.block_bytes,
                    (end - self._start) // stream.block_bytes,
                )
                for start, end in stream.runs()
            )
        except LIBRARY_ERRORS:
            return False

    def _has_used(self, first: int, end: int) -> bool:
        """Look at the bits of clusters from the first one to the end, which is not included."""
        at = first // 8
        while at * 8 < end:
            data = self._bitmap.read_random(at, min(_WINDOW_BYTES, (end + 7) // 8 - at))
            if not data:
                return False
            bits = int.from_bytes(data, "little")
            low, high = max(first - at * 8, 0), min(end - at * 8, len(data) * 8)
            if (bits & ((1 << high) - 1)) >> low:
                return True
            at += len(data)
        return False
