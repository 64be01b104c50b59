"""Walking the directories (IFD) of a TIFF structure: TIFF files, Exif blocks, RAW files."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

DIRECTORIES_MAX: Final = 256
"""Most directories that are walked in one structure."""

ENTRIES_MAX: Final = 4096
"""Most entries that are read of one directory."""

VALUES_MAX: Final = 4096
"""Most numbers that are read of one entry."""

SUBFILE_KIND: Final = 0x00FE
COMPRESSION: Final = 0x0103
PHOTOMETRIC: Final = 0x0106
STRIP_OFFSETS: Final = 0x0111
ORIENTATION: Final = 0x0112
STRIP_BYTES: Final = 0x0117
SUB_DIRECTORIES: Final = 0x014A
JPEG_OFFSET: Final = 0x0201
JPEG_BYTES: Final = 0x0202
EXIF_DIRECTORY: Final = 0x8769
DNG_VERSION: Final = 0xC612

# Only these are unpacked: a hostile file could otherwise ask for numbers without end.
_WANTED: Final = frozenset(
    (
        SUBFILE_KIND,
        COMPRESSION,
        PHOTOMETRIC,
        STRIP_OFFSETS,
        ORIENTATION,
        STRIP_BYTES,
        SUB_DIRECTORIES,
        JPEG_OFFSET,
        JPEG_BYTES,
        EXIF_DIRECTORY,
        DNG_VERSION,
    )
)

# Type code to (bytes of one value, struct letter); only whole numbers are needed here.
_NUMBERS: Final[Mapping[int, tuple[int, str]]] = {
    1: (1, "B"),
    3: (2, "H"),
    4: (4, "I"),
    6: (1, "b"),
    7: (1, "B"),
    8: (2, "h"),
    9: (4, "i"),
    13: (4, "I"),
}
_MAGICS: Final = frozenset(
    (b"II*\x00", b"MM\x00*", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"II\x1a\x00")
)


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: its whole-number entries, and where each entry's value lies.

    Args:
        numbers: Tag to its numbers, for the tags named in this module.
        extents: Tag to (offset, length) of its value in the structure, any type.
        position: ``0`` for the first of the main chain, ``1`` for the second; ``0/0`` for
            the first sub-directory of the first, and so on.
    """

    numbers: Mapping[int, tuple[int, ...]]
    extents: Mapping[int, tuple[int, int]]
    position: str

    def number(self, tag: int) -> int | None:
        """Give the first number of a tag, None when it is not there."""
        values = self.numbers.get(tag)
        return values[0] if values else None


def is_tiff_structure(data: bytes | memoryview) -> bool:
    """Whether data begins like a TIFF structure or one of the RAW kinds built on it."""
    return bytes(data[:4]) in _MAGICS


def walk_directories(data: bytes | memoryview) -> Iterator[Directory]:
    """Give the directories of a TIFF structure: the main chain, each with its sub-directories.

    Never raises on damaged data: what cannot be followed is left out. Loops end, since
    no offset is visited twice.

    Cost: At most ``DIRECTORIES_MAX`` directories of ``ENTRIES_MAX`` entries.
    """
    if not is_tiff_structure(data):
        return
    order = "<" if bytes(data[:2]) == b"II" else ">"
    first = _unpack(order + "I", data, 4)
    if first is None:
        return
    visited: set[int] = set()
    pending: list[tuple[int, str]] = [(first, "0")]
    while pending and len(visited) < DIRECTORIES_MAX:
        offset, position = pending.pop(0)
        if offset in visited or offset == 0:
            continue
        visited.add(offset)
        read = _read_directory(data, offset, order, position)
        if read is None:
            continue
        directory, following = read
        yield directory
        children = [
            *directory.numbers.get(SUB_DIRECTORIES, ()),
            *directory.numbers.get(EXIF_DIRECTORY, ())[:1],
        ]
        inner = [(child, f"{position}/{n}") for n, child in enumerate(children[:32])]
        following_position = _next_position(position)
        pending = [*inner, *pending]
        if following_position is not None:
            pending.append((following, following_position))


def read_orientation(exif: bytes | memoryview) -> int:
    """Read the orientation (1 to 8) that an Exif block states; 1 where it states none."""
    for directory in walk_directories(exif):
        value = directory.number(ORIENTATION)
        return value if value is not None and 1 <= value <= 8 else 1
    return 1


def _next_position(position: str) -> str | None:
    # Only the main chain is followed: a sub-directory's successor is junk in many RAW files.
    return str(int(position) + 1) if "/" not in position else None


def _read_directory(
    data: bytes | memoryview, offset: int, order: str, position: str
) -> tuple[Directory, int] | None:
    count = _unpack(order + "H", data, offset)
    if not count:
        return None
    numbers: dict[int, tuple[int, ...]] = {}
    extents: dict[int, tuple[int, int]] = {}
    for index in range(min(count, ENTRIES_MAX)):
        at = offset + 2 + 12 * index
        if at + 12 > len(data):
            break
        tag, kind, length = struct.unpack_from(order + "HHI", data, at)
        size, letter = _NUMBERS.get(kind, (8 if kind in (5, 10, 12) else 1, ""))
        size_bytes = size * length
        start = at + 8 if size_bytes <= 4 else _unpack(order + "I", data, at + 8)
        if start is None or start + size_bytes > len(data):
            continue
        extents[tag] = (start, size_bytes)
        if letter and tag in _WANTED and tag not in numbers and 0 < length <= VALUES_MAX:
            numbers[tag] = struct.unpack_from(f"{order}{length}{letter}", data, start)
    following = _unpack(order + "I", data, offset + 2 + 12 * count) or 0
    return Directory(numbers, extents, position), following


def _unpack(form: str, data: bytes | memoryview, offset: int) -> int | None:
    try:
        value: int = struct.unpack_from(form, data, offset)[0]
    except struct.error:
        return None
    return value
