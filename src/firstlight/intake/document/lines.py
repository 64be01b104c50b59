"""Finding patterns in a window of any size, with bounded memory and no re-reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from firstlight.intake.archive.stream import CHUNK_BYTES, Tick, Window

LINE_MAX_BYTES: Final = 1 << 10
"""Longest line that is sure to be found."""

_FIRST_STEP_BYTES: Final = 1 << 12
_OVERLAP_BYTES: Final = 32


def find_next(window: Window, position: int, pattern: re.Pattern[bytes], tick: Tick) -> int:
    """Find where a short pattern (32 bytes at most) occurs next; -1 where it does no more.

    The first step is small: where hits stand close together, little is read for each.
    """
    step = _FIRST_STEP_BYTES
    while position < window.size_bytes:
        start = max(0, position - _OVERLAP_BYTES)
        data = window.at(start, step + _OVERLAP_BYTES)
        match = pattern.search(data, position - start)
        if match is not None:
            return start + match.start()
        if start + len(data) >= window.size_bytes or not data:
            return -1
        position = start + len(data) - _OVERLAP_BYTES
        step = min(step * 4, CHUNK_BYTES)
        tick()
    return -1


def find_lines(
    window: Window, start: int, pattern: re.Pattern[bytes], tick: Tick
) -> Iterator[tuple[int, int, re.Match[bytes]]]:
    r"""Give where matching lines begin and end.

    Args:
        start: Counts as the beginning of a line.
        pattern: Begins with ``\n``, the end of the line before.
    """
    position, lead = start, b"\n"
    while True:
        piece = window.at(position, CHUNK_BYTES)
        data = lead + piece
        base = position - len(lead)
        is_last = position + len(piece) >= window.size_bytes or not piece
        limit = len(data) if is_last else len(data) - LINE_MAX_BYTES
        at = 0
        while (match := pattern.search(data, at)) is not None and match.start() < limit:
            yield base + match.start() + 1, base + match.end(), match
            # The end of this line may be the beginning of the next match.
            at = max(match.end() - 1, match.start() + 1)
        if is_last:
            return
        position, lead = base + max(limit, at), b""
        tick()


def end_of_line_before(window: Window, position: int, start: int) -> int:
    r"""Step back over the line end (``\n`` or ``\r\n``) before a position."""
    before = window.at(max(start, position - 2), min(2, position - start))
    for mark in (b"\r\n", b"\n"):
        if before.endswith(mark):
            return position - len(mark)
    return position
