"""Thumbnail stores of Windows, Android and macOS, written as those systems write them."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Sequence

from examples.compound import write_compound
from examples.document import File, Packed

FILETIME_2026 = 134_116_992_000_000_000
SLOT_BYTES = 10_000


def make_thumbs_db(files: Sequence[File]) -> Packed:
    """Write the ``Thumbs.db`` of older Windows: a catalogue, and a stream for each picture."""
    catalog = struct.pack("<HHIII", 16, 7, len(files), 96, 96)
    streams: dict[tuple[str, ...], bytes] = {}
    for number, (name, content) in enumerate(files, 1):
        wide = name.decode().encode("utf-16-le") + bytes(4)
        catalog += struct.pack("<IIQ", 16 + len(wide), number, FILETIME_2026) + wide
        streams[(str(number)[::-1],)] = struct.pack("<III", 12, 1, len(content)) + content
    return Packed(write_compound({("Catalog",): catalog, **streams}), tuple(files))


def make_thumbcache(files: Sequence[File], version: int = 0x20) -> Packed:
    """Write a ``thumbcache`` of Windows Vista (0x14), 7 (0x15) or later."""
    stored = struct.pack("<4sIIIII", b"CMMM", version, 3, 0, 24, len(files))
    members: list[File] = []
    for number, (_, content) in enumerate(files, 1):
        name = b"%016x" % (number * 0x9E3779B97F4A7C15 % 2**64)
        wide = name.decode().encode("utf-16-le")
        extension = "jpg".encode("utf-16-le").ljust(8, b"\x00") if version == 0x14 else b""
        sides = struct.pack("<II", 96, 96) if version > 0x15 else b""
        sizes = struct.pack("<III", len(wide), 6, len(content))
        tail = struct.pack("<IQQ", 0, 0, 0)
        rest = extension + sizes + sides + tail + wide + bytes(6) + content
        stored += b"CMMM" + struct.pack("<IQ", 16 + len(rest), number) + rest
        members.append((name, content))
    return Packed(stored, tuple(members))


def make_thumbdata(files: Sequence[File], first: int = 1) -> Packed:
    """Write Android's ``.thumbdata``: slots of one size, most of them empty.

    Args:
        first: Number of the first picture; the others follow with gaps.
    """
    stored = bytearray()
    members: list[File] = []
    for turn, (_, content) in enumerate(files):
        if len(content) > SLOT_BYTES - 13:
            continue
        number = first + 3 * turn
        start = number * SLOT_BYTES
        stored += bytes(start - len(stored)) + b"\x01" + struct.pack(">QI", 77, len(content))
        stored += content
        members.append((b"%d.jpg" % number, content))
    return Packed(bytes(stored), tuple(members))


def make_imgcache(files: Sequence[File]) -> Packed:
    """Write the cache of Android's gallery: a key before each picture."""
    stored = struct.pack("<I", 0xBD248510)
    members: list[File] = []
    for number, (_, content) in enumerate(files):
        key = f"/local/image/item/{number}+1"
        wide = key.encode("utf-16-le")
        stored += struct.pack("<QIII", number, 0, len(stored), len(wide) + len(content))
        stored += wide + content
        members.append((key.encode(), content))
    return Packed(stored, tuple(members))


def make_quicklook(rows: Sequence[tuple[str, int, int, bytes]]) -> tuple[bytes, bytes]:
    """Write macOS' ``index.sqlite`` and ``thumbnails.data``.

    Args:
        rows: Name, width, height and the pixels as blue, green, red, alpha.
    """
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE files (folder TEXT, file_name TEXT)")
    database.execute(
        "CREATE TABLE thumbnails (file_id INTEGER, width INTEGER, height INTEGER,"
        " bitspercomponent INTEGER, bitsperpixel INTEGER, bytesperrow INTEGER,"
        " bitmapinfo INTEGER, bitmapdata_location INTEGER, bitmapdata_length INTEGER)"
    )
    data = b""
    for name, width, height, pixels in rows:
        file_id = database.execute("INSERT INTO files VALUES ('/a', ?)", (name,)).lastrowid
        database.execute(
            "INSERT INTO thumbnails VALUES (?, ?, ?, 8, 32, ?, 8194, ?, ?)",
            (file_id, width, height, 4 * width, len(data), len(pixels)),
        )
        data += pixels
    database.commit()
    index = database.serialize()
    database.close()
    return index, data


STORES: dict[bytes, Callable[[Sequence[File]], Packed]] = {
    b"Thumbs.db": make_thumbs_db,
    b"thumbcache_96.db": make_thumbcache,
    b"imgcache.0": make_imgcache,
}
"""Stores that take pictures of any size."""
