"""The bytes of a disk, wherever they come from, and what of them cannot be had."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, Protocol

from firstlight.errors import DecodeError, InputError, TruncatedError, UnreadableError
from firstlight.intake.archive.stream import Window
from firstlight.intake.disk.segment import SegmentFiles

RANGES_MAX: Final = 100_000
MISSING: Final = "missing"
DAMAGED: Final = "damaged"
UNREADABLE: Final = "unreadable"

_ERRORS: Final[dict[str, type[InputError]]] = {
    MISSING: TruncatedError,
    DAMAGED: DecodeError,
    UNREADABLE: UnreadableError,
}


class DiskBytes(Protocol):
    """A disk that can be read anywhere.

    Args:
        size_bytes: Size of the disk, whatever of it is there.
        input_bytes: Bytes of the files that the image consists of.
        losses: What could not be read so far.
    """

    size_bytes: int
    input_bytes: int
    losses: Losses

    def at(self, position: int, size_bytes: int) -> bytes:
        """Read at a position; bytes that cannot be had come as zeros, and are noted as lost.

        Returns:
            Exactly so many bytes as were asked for, cut at the end of the disk.
        """
        ...


class Losses:
    """Ranges of a disk that could not be read, by kind; kept apart and in order."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ranges: dict[int, tuple[int, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._starts)

    def note(self, start: int, end: int, kind: str) -> None:
        """Note a range, end exclusive; the same one counts once."""
        place = bisect_left(self._starts, start)
        if place and self._ranges[self._starts[place - 1]] == (start, kind):
            self._ranges[self._starts[place - 1]] = (end, kind)
            return
        known = self._ranges.get(start)
        if known is not None:
            self._ranges[start] = (max(end, known[0]), kind)
        elif len(self._starts) < RANGES_MAX and not self.touches(start, end):
            self._starts.insert(place, start)
            self._ranges[start] = (end, kind)

    def touches(self, start: int, end: int) -> str | None:
        """Give the kind of a loss inside a range, end exclusive; None if all of it was read."""
        place = bisect_left(self._starts, start + 1)
        if place and self._ranges[self._starts[place - 1]][0] > start:
            return self._ranges[self._starts[place - 1]][1]
        if place < len(self._starts) and self._starts[place] < end:
            return self._ranges[self._starts[place]][1]
        return None

    def error(self, kind: str, what: str) -> InputError:
        """Make the error that speaks of a loss.

        Args:
            what: What lies there, for people: "the content", "the image".
        """
        reasons = {
            MISSING: f"a part of {what} lies in a segment that is missing or cut short",
            DAMAGED: f"a part of {what} is damaged: a checksum of the image does not fit",
            UNREADABLE: f"the source would not give a part of {what}",
        }
        return _ERRORS[kind](reasons[kind])

    def kinds(self) -> list[str]:
        """Give the kinds of losses met, in one order."""
        met = {kind for _, kind in self._ranges.values()}
        return [kind for kind in (MISSING, DAMAGED, UNREADABLE) if kind in met]


class RawBytes:
    """A raw image: one file, or several that follow one another.

    Args:
        files: Where further parts are read.
        name: Name of the first part.
    """

    def __init__(self, first: Window, files: SegmentFiles, name: bytes) -> None:
        self.losses = Losses()
        self._first = first
        self._files = files
        self._parts: list[tuple[int, bytes | None]] = [(0, None)]
        end = first.size_bytes
        self.has_gap = False
        for number, further, size_bytes in files.find(name):
            if number != len(self._parts) + 1:
                self.has_gap = True
                break
            self._parts.append((end, further))
            end += size_bytes
        self.size_bytes = self.input_bytes = end

    def at(self, position: int, size_bytes: int) -> bytes:
        """Read at a position."""
        size_bytes = max(0, min(size_bytes, self.size_bytes - position))
        if len(self._parts) == 1:
            return self._filled(position, self._read(0, position, size_bytes), size_bytes)
        data = b""
        while len(data) < size_bytes:
            here = position + len(data)
            part = max(n for n, (start, _) in enumerate(self._parts) if start <= here)
            is_last = part + 1 == len(self._parts)
            end = self.size_bytes if is_last else self._parts[part + 1][0]
            wanted = min(position + size_bytes, end) - here
            data += self._filled(here, self._read(part, here, wanted), wanted)
        return data

    def _read(self, part: int, position: int, size_bytes: int) -> bytes:
        start, name = self._parts[part]
        try:
            if name is None:
                return self._first.at(position, size_bytes)
            return self._files.at(name, position - start, size_bytes)
        except InputError:
            self.losses.note(position, position + size_bytes, UNREADABLE)
            return b""

    def _filled(self, position: int, data: bytes, size_bytes: int) -> bytes:
        missing = size_bytes - len(data)
        if missing > 0:
            self.losses.note(position + len(data), position + size_bytes, UNREADABLE)
            data += bytes(missing)
        return data
