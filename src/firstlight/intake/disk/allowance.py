"""What a disk image may cost: bounds that a real disk of its size never meets."""

from __future__ import annotations

from typing import Final

from firstlight.errors import LimitError
from firstlight.intake.archive.budget import RATIO_FLOOR_BYTES
from firstlight.intake.disk.content import Stream
from firstlight.intake.disk.source import DiskBytes
from firstlight.model.bounds import Bounds

_ENTRY_BYTES: Final = 512
_OUTPUT_TIMES: Final = 4
_OUTPUT_FLOOR_BYTES: Final = 1 << 30


class Allowance:
    """Counts the entries of an image, and the bytes that come out of it.

    The bounds on archives (members, bytes in all, ratio) are made for what was packed; a disk
    holds what it holds. So they grow with the image: entries with the size of its files, output
    with that of the disk, which counts only as far as its files could hold it if compressed.
    """

    def __init__(self, disk: DiskBytes, bounds: Bounds) -> None:
        likely_bytes = min(disk.size_bytes, disk.input_bytes * bounds.archive_ratio_max * 4)
        self._bounds = bounds
        self._entries = 0
        self._entries_max = max(bounds.archive_members_max, disk.input_bytes // _ENTRY_BYTES)
        self._left_bytes = _OUTPUT_FLOOR_BYTES + _OUTPUT_TIMES * max(likely_bytes, disk.input_bytes)

    def count_entry(self) -> int:
        """Count an entry; returns its ordinal, from 0.

        Raises:
            LimitError: There are more than an image of this size can hold.
        """
        ordinal, self._entries = self._entries, self._entries + 1
        if self._entries > self._entries_max:
            raise LimitError("the disk image lists more entries than it can hold")
        return ordinal

    def spend(self, size_bytes: int) -> None:
        """Count output.

        Raises:
            LimitError: More came out than such a disk can hold; costs the entry alone.
        """
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise LimitError("the entries of the disk image hold more bytes than the whole disk")

    def check(self, stream: Stream) -> LimitError | None:
        """Say whether a stream is far longer than what of it lies on the disk: a bomb of holes."""
        if stream.size_bytes <= RATIO_FLOOR_BYTES:
            return None
        stored_bytes = sum(end - start for start, end in stream.runs())
        if stream.size_bytes <= max(stored_bytes, 1) * self._bounds.archive_ratio_max:
            return None
        return LimitError("the entry is mostly holes: too many times what of it is on the disk")
