"""The files that a disk image is split into: how they are named, and which lie beside the first.

Source: "Expert Witness Compression Format (EWF)", naming of segment files: ``.E01`` to ``.E99``,
then ``.EAA`` to ``.EZZ``, ``.FAA`` and so on; ``.Ex01`` to ``.Ex99``, then ``.ExAA``.
"""

from __future__ import annotations

import itertools
import os
import re
import string
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from firstlight.errors import UnreadableError
from firstlight.intake.source_file import explain_os_error

SEGMENTS_MAX: Final = 15_000
OPEN_MAX: Final = 48
GAP_MAX: Final = 24
"""Names in a row that may be missing before the search for further segments ends."""

_EWF: Final = re.compile(rb"(?i)\.(e|ex|s|l|lx)01\Z")
_EWF_ANY: Final = re.compile(rb"(?i)\.(?:[e-z]|e[x-z])(?:[0-9]{2}|[a-z]{2})\Z")
_SPLIT: Final = re.compile(rb"\.(0{2,4}[01])\Z")
_FIRST: Final = (b".E01", b".e01", b".Ex01", b".ex01", b".EX01", b".S01", b".s01")


def further_names(first: bytes) -> Iterator[bytes]:
    """Give the names of the segments after the first one, in order; none if it has no such name.

    Args:
        first: Name of the first segment, exact bytes.
    """
    split = _SPLIT.search(first)
    if split is not None:
        stem, digits = first[: split.start(1)], len(split[1])
        start = int(split[1]) + 1
        for number in range(start, 10**digits):
            yield stem + b"%0*d" % (digits, number)
        return
    ewf = _EWF.search(first)
    if ewf is not None:
        stem, kind = first[: ewf.start(1)], ewf[1]
        yield from itertools.islice((stem + ending for ending in _ewf_endings(kind)), SEGMENTS_MAX)


def first_names(further: bytes) -> Iterator[bytes]:
    """Give the names that the first segment of an EnCase image may have, from any other's name."""
    found = _EWF_ANY.search(further)
    if found is not None:
        yield from (further[: found.start()] + ending for ending in _FIRST)


def _ewf_endings(kind: bytes) -> Iterator[bytes]:
    for number in range(2, 100):
        yield kind + b"%02d" % number
    is_small = kind[-1:].islower() and kind[:1].islower()
    letters = string.ascii_lowercase if is_small else string.ascii_uppercase
    first = letters[letters.lower().index(chr(kind[0]).lower()) :]
    if len(kind) == 1:
        for parts in itertools.product(first, letters, letters):
            yield "".join(parts).encode()
        return
    # Ex01 counts on at its second letter: ExAA, then EyAA.
    second = string.ascii_lowercase if kind[1:2].islower() else string.ascii_uppercase
    for middle, *rest in itertools.product(second[23:], letters, letters):
        yield kind[:1] + middle.encode() + "".join(rest).encode()


def segments_beside(path: bytes) -> list[bytes]:
    """Find the further segments that lie beside a file that a person named.

    Calls the operating system only; nothing is opened.

    Args:
        path: Absolute, exact bytes.
    Cost: One look for each segment, and a few more.
    """
    folder, _, name = path.rpartition(b"/")
    found: list[bytes] = []
    missing = 0
    for further in further_names(name):
        candidate = folder + b"/" + further
        if os.path.isfile(candidate) and not os.path.islink(candidate):
            found.append(candidate)
            missing = 0
        elif (missing := missing + 1) > GAP_MAX:
            break
    return found


class SegmentFiles:
    """Further segments, opened when they are read, only so many at a time.

    Args:
        opener: Opens a file beside the image by its name; None when there is none.
    """

    def __init__(self, opener: Callable[[bytes], BinaryIO | None]) -> None:
        self._opener = opener
        self._open: dict[bytes, BinaryIO] = {}

    def find(self, first: bytes) -> Iterator[tuple[int, bytes, int]]:
        """Look for further segments: number from 2, name, size; gaps are passed over."""
        missing = 0
        for number, name in enumerate(further_names(first), 2):
            file = self._get(name)
            if file is None:
                missing += 1
                if missing > GAP_MAX:
                    return
                continue
            missing = 0
            yield number, name, file.seek(0, os.SEEK_END)

    def at(self, name: bytes, position: int, size_bytes: int) -> bytes:
        """Read at a position; less than asked at the end.

        Raises:
            UnreadableError: The segment would not give the bytes.
        """
        file = self._get(name)
        if file is None:
            raise UnreadableError("a segment of the image is no longer there")
        try:
            file.seek(position)
            parts = [file.read(size_bytes)]
            missing = size_bytes - len(parts[0])
            while missing > 0 and parts[-1]:
                parts.append(file.read(missing))
                missing -= len(parts[-1])
        except OSError as error:
            raise explain_os_error(error) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close them all."""
        while self._open:
            self._open.popitem()[1].close()

    def _get(self, name: bytes) -> BinaryIO | None:
        file = self._open.pop(name, None) or self._opener(name)
        if file is None:
            return None
        # Put last: what was used longest ago stands first.
        self._open[name] = file
        if len(self._open) > OPEN_MAX:
            self._open.pop(next(iter(self._open))).close()
        return file
