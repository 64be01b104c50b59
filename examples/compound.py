"""Writing OLE compound files, for old Office documents and thumbnail stores."""

from __future__ import annotations

import struct
from itertools import pairwise

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT_MARK = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STORAGE, STREAM, ROOT = 1, 2, 5


def write_compound(streams: dict[tuple[str, ...], bytes]) -> bytes:
    """Write a compound file.

    Args:
        streams: Content by names of storages and own name.
    """
    entries: list[tuple[str, int, int]] = [("Root Entry", ROOT, -1)]
    contents: dict[int, bytes] = {}
    places: dict[tuple[str, ...], int] = {(): 0}
    for path, content in streams.items():
        for depth in range(1, len(path) + 1):
            part = path[:depth]
            if part not in places:
                kind = STREAM if depth == len(path) else STORAGE
                places[part] = len(entries)
                entries.append((part[-1], kind, places[part[:-1]]))
        contents[places[path]] = content
    fat: list[int] = []
    body = bytearray()
    mini_fat: list[int] = []
    mini_body = bytearray()
    starts: dict[int, int] = {}
    for number, content in contents.items():
        if len(content) < CUTOFF:
            starts[number] = _append(mini_fat, mini_body, content, MINI)
        else:
            starts[number] = _append(fat, body, content, SECTOR)
    starts[0] = _append(fat, body, bytes(mini_body), SECTOR)
    packed = b"".join(f.to_bytes(4, "little") for f in mini_fat)
    packed += b"\xff" * (-len(packed) % SECTOR)
    mini_fat_at = _append(fat, body, packed, SECTOR)
    sizes = {number: len(content) for number, content in contents.items()} | {0: len(mini_body)}
    directory = _directory(entries, starts, sizes)
    directory_at = _append(fat, body, directory, SECTOR)
    fat_sectors = 1
    while (len(fat) + fat_sectors) * 4 > fat_sectors * SECTOR:
        fat_sectors += 1
    fat_at = len(fat)
    fat += [FAT_MARK] * fat_sectors
    table = b"".join(value.to_bytes(4, "little") for value in fat)
    body += table + b"\xff" * (fat_sectors * SECTOR - len(table))
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE,
        9, 6, bytes(6), 0, fat_sectors, directory_at, 0, CUTOFF,
        mini_fat_at, len(packed) // SECTOR, END, 0,
    )  # fmt: skip
    listed = [fat_at + n if n < fat_sectors else FREE for n in range(109)]
    return header + struct.pack("<109I", *listed) + bytes(body)


def _append(table: list[int], body: bytearray, content: bytes, unit: int) -> int:
    if not content:
        return END
    start = len(table)
    count = -(-len(content) // unit)
    table += [start + n + 1 for n in range(count - 1)] + [END]
    body += content + bytes(count * unit - len(content))
    return start


def _directory(
    entries: list[tuple[str, int, int]], starts: dict[int, int], sizes: dict[int, int]
) -> bytes:
    children: dict[int, list[int]] = {}
    for number, (_, _, parent) in enumerate(entries):
        children.setdefault(parent, []).append(number)
    following: dict[int, int] = {}
    for row in children.values():
        following |= dict(pairwise(row))
    rows = []
    for number, (name, kind, _) in enumerate(entries):
        wide = name.encode("utf-16-le")
        rows.append(
            wide.ljust(64, b"\x00")
            + struct.pack(
                "<HBBIII16sI8s8sIQ",
                len(wide) + 2,
                kind,
                1,
                FREE,
                following.get(number, FREE),
                children.get(number, [FREE])[0],
                bytes(16),
                0,
                bytes(8),
                bytes(8),
                starts.get(number, 0),
                sizes.get(number, 0),
            )
        )
    packed = b"".join(rows)
    return packed + bytes(-len(packed) % SECTOR)
