"""``Thumbs.db`` of older Windows: a header before each JPEG, and a catalog of the names.

Source: libyal, "Windows Explorer Thumbs.db format".
"""

from __future__ import annotations

from typing import Final

from firstlight.intake.archive.stream import Window
from firstlight.intake.document.compound import filetime_ns

_JPEG: Final = b"\xff\xd8\xff"
_HEADER_MAX_BYTES: Final = 64
_CATALOG_MAX_BYTES: Final = 1 << 24

Originals = dict[str, tuple[bytes, int | None]]


def strip_thumbnail(window: Window) -> Window | None:
    """Find the JPEG behind a thumbnail's header; None where the stream is no thumbnail."""
    head = window.at(0, _HEADER_MAX_BYTES + 3)
    header = int.from_bytes(head[:4], "little")
    if not 12 <= header <= _HEADER_MAX_BYTES or head[header : header + 3] != _JPEG:
        return None
    stated = int.from_bytes(head[8:12], "little")
    rest = window.size_bytes - header
    is_whole = 0 < stated <= rest and window.at(header + stated - 2, 2) == b"\xff\xd9"
    return window.part(header, stated if is_whole else rest)


def read_catalog(window: Window) -> Originals:
    """Read which stream shows which file: its name, and when it was changed.

    The number of a thumbnail, its digits turned round, is the name of its stream.
    """
    data = window.at(0, _CATALOG_MAX_BYTES)
    at = int.from_bytes(data[:2], "little")
    found: Originals = {}
    while at >= 16 and at + 20 <= len(data):
        length, number = (int.from_bytes(data[at + n : at + n + 4], "little") for n in (0, 4))
        if length < 20 or at + length > len(data):
            break
        raw = data[at + 16 : at + length]
        name = raw[: len(raw) // 2 * 2].decode("utf-16-le", "replace").partition("\x00")[0]
        mtime_ns = filetime_ns(data[at + 8 : at + 16])
        found[str(number)[::-1]] = (name.encode("utf-8", "replace"), mtime_ns)
        at += length
    return found
