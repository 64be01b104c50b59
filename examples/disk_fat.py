"""Writes FAT16 and FAT32 volumes: long names, folders, deleted entries, space used again.

Source: Microsoft, "FAT: General Overview of On-Disk Format", version 1.03.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

SECTOR_BYTES = 512
EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
FAT16_CLUSTERS_MIN, FAT32_CLUSTERS_MIN = 4085, 65_525
DELETED_BYTE = 0xE5
FOLDER, ARCHIVE, LONG_NAME = 0x10, 0x20, 0x0F
ENTRY_BYTES = 32
ROOT_ENTRIES_16 = 512


@dataclass(frozen=True, slots=True)
class FatFile:
    """One file to be written.

    Args:
        path: Folders and name, ``/`` between them.
        changed_at: Written as it stands, since FAT knows no zones; to two seconds.
        is_deleted: Its entry is marked, its chain is freed, its bytes stay.
        takes_freed_space: Its bytes go where a deleted file's were.
    """

    path: str
    content: bytes
    changed_at: datetime
    is_deleted: bool = False
    takes_freed_space: bool = False


@dataclass(slots=True)
class _Folder:
    entries: bytearray = field(default_factory=bytearray)
    folders: dict[str, _Folder] = field(default_factory=dict)
    short_names: set[bytes] = field(default_factory=set)
    changed_at: datetime = EPOCH
    is_deleted: bool = False


class _Volume:
    """A volume while it is filled: where clusters lie, which are taken."""

    def __init__(self, file: BinaryIO, start: int, size_bytes: int, cluster_bytes: int) -> None:
        self.file = file
        self.start = start
        self.cluster_bytes = cluster_bytes
        self.sectors = size_bytes // SECTOR_BYTES
        per_cluster = cluster_bytes // SECTOR_BYTES
        self.is_fat32 = self.sectors // per_cluster - 2000 >= FAT32_CLUSTERS_MIN
        self.reserved = 32 if self.is_fat32 else 1
        self.root_sectors = 0 if self.is_fat32 else ROOT_ENTRIES_16 * ENTRY_BYTES // SECTOR_BYTES
        entry_bytes = 4 if self.is_fat32 else 2
        clusters = (self.sectors - self.reserved - self.root_sectors) // per_cluster
        self.fat_sectors = -(-(clusters + 2) * entry_bytes // SECTOR_BYTES)
        self.data_sector = self.reserved + 2 * self.fat_sectors + self.root_sectors
        self.clusters = (self.sectors - self.data_sector) // per_cluster
        if self.clusters < FAT16_CLUSTERS_MIN:
            raise ValueError("a volume of so few clusters would be FAT12")
        self.fat: dict[int, int] = {}
        self.next_cluster = 3 if self.is_fat32 else 2
        self.freed: list[int] = []

    def put(self, content: bytes, *, is_kept: bool = True, in_freed: bool = False) -> int:
        """Write a content into free clusters that follow one another; returns the first."""
        count = -(-len(content) // self.cluster_bytes)
        if not count:
            return 0
        first = self.freed.pop(0) if in_freed else self.next_cluster
        if not in_freed:
            self.next_cluster += count
        if first + count > self.clusters + 2:
            raise ValueError("the volume is full")
        self.write_at(first, content)
        if is_kept:
            self.chain(first, count)
        else:
            self.freed.append(first)
        return first

    def chain(self, first: int, count: int) -> None:
        """Take clusters."""
        end = 0x0FFFFFFF if self.is_fat32 else 0xFFFF
        self.fat.update({n: n + 1 for n in range(first, first + count - 1)})
        self.fat[first + count - 1] = end

    def write_at(self, cluster: int, content: bytes) -> None:
        """Write into clusters."""
        sector = self.data_sector + (cluster - 2) * (self.cluster_bytes // SECTOR_BYTES)
        self.file.seek(self.start + sector * SECTOR_BYTES)
        self.file.write(content)

    def finish(self, root: bytes) -> None:
        """Write root folder, tables and boot sector."""
        if self.is_fat32:
            count = max(1, -(-len(root) // self.cluster_bytes))
            first = 2 if count == 1 else self.next_cluster
            self.write_at(first, root)
            self.chain(first, count)
        else:
            first = 0
            if len(root) > ROOT_ENTRIES_16 * ENTRY_BYTES:
                raise ValueError("too many entries in the root folder")
            self.file.seek(self.start + (self.reserved + 2 * self.fat_sectors) * SECTOR_BYTES)
            self.file.write(root)
        form = "<I" if self.is_fat32 else "<H"
        size = struct.calcsize(form)
        self.fat.update({0: 0x0FFFFFF8 if self.is_fat32 else 0xFFF8, 1: 0x0FFFFFFF & 256**size - 1})
        table = bytearray((max(self.fat) + 1) * size)
        for cluster, following in self.fat.items():
            struct.pack_into(form, table, cluster * size, following)
        for copy in range(2):
            self.file.seek(self.start + (self.reserved + copy * self.fat_sectors) * SECTOR_BYTES)
            self.file.write(table)
        self.file.seek(self.start)
        self.file.write(self._boot_sector(first))
        self.file.seek(self.start + self.sectors * SECTOR_BYTES - 1)
        last = self.file.read(1)
        self.file.seek(self.start + self.sectors * SECTOR_BYTES - 1)
        self.file.write(last or b"\x00")

    def _boot_sector(self, root_cluster: int) -> bytes:
        sector = bytearray(SECTOR_BYTES)
        sector[:11] = b"\xeb\x58\x90MSDOS5.0"
        small = self.sectors if self.sectors < 1 << 16 and not self.is_fat32 else 0
        struct.pack_into(
            "<HBHBHHBHHHII",
            sector,
            11,
            SECTOR_BYTES,
            self.cluster_bytes // SECTOR_BYTES,
            self.reserved,
            2,
            0 if self.is_fat32 else ROOT_ENTRIES_16,
            small,
            0xF8,
            0 if self.is_fat32 else self.fat_sectors,
            63,
            255,
            0,
            0 if small else self.sectors,
        )
        if self.is_fat32:
            struct.pack_into("<IHHIHH", sector, 36, self.fat_sectors, 0, 0, root_cluster, 1, 6)
            sector[64:90] = b"\x80\x00\x29\x15\xca\x5e\xedSAMPLE     FAT32   "
        else:
            sector[36:62] = b"\x80\x00\x29\x15\xca\x5e\xedSAMPLE     FAT16   "
        sector[510:] = b"\x55\xaa"
        return bytes(sector)


def write_fat(
    file: BinaryIO,
    start: int,
    size_bytes: int,
    files: Sequence[FatFile],
    *,
    cluster_bytes: int = 2048,
) -> None:
    """Write a volume into a part of a file; what is not used stays a hole.

    FAT32 where there are enough clusters for it, else FAT16.

    Args:
        start, size_bytes: The part, in bytes.
    """
    volume = _Volume(file, start, size_bytes, cluster_bytes)
    root = _Folder()
    for one in files:
        *way, name = one.path.split("/")
        folder = root
        for step in way:
            folder = folder.folders.setdefault(step, _Folder(changed_at=one.changed_at))
        first = volume.put(one.content, is_kept=not one.is_deleted, in_freed=one.takes_freed_space)
        size = len(one.content)
        folder.entries += _entries(
            folder, name, ARCHIVE, first, size, one.changed_at, is_deleted=one.is_deleted
        )
    volume.finish(_close(volume, root, 0))


def _close(volume: _Volume, folder: _Folder, parent: int) -> bytes:
    """Give a folder's entries, with those of its folders, which are written."""
    entries = bytearray(folder.entries)
    for name, inner in folder.folders.items():
        own = volume.next_cluster
        length = len(inner.entries) + ENTRY_BYTES * (3 + 8 * len(inner.folders))
        count = -(-length // volume.cluster_bytes)
        volume.next_cluster += count
        volume.chain(own, count)
        dots = _entry(b".          ", FOLDER, own, 0, inner.changed_at)
        dots += _entry(b"..         ", FOLDER, parent, 0, inner.changed_at)
        content = dots + _close(volume, inner, own)
        volume.write_at(own, content.ljust(count * volume.cluster_bytes, b"\x00"))
        entries += _entries(folder, name, FOLDER, own, 0, inner.changed_at)
    return bytes(entries)


def _entries(
    folder: _Folder,
    name: str,
    kind: int,
    cluster: int,
    size_bytes: int,
    changed_at: datetime,
    *,
    is_deleted: bool = False,
) -> bytes:
    """Make a short entry, with the entries of a long name before it where one is needed."""
    short = _short_name(name, folder.short_names)
    packed = _entry(short, kind, cluster, size_bytes, changed_at)
    stem, _, ending = name.partition(".")
    if (stem.ljust(8) + ending.ljust(3)).encode("ascii", "replace") != short:
        packed = _long_entries(name, short) + packed
    if is_deleted:
        marked = bytearray(packed)
        marked[::ENTRY_BYTES] = bytes([DELETED_BYTE]) * (len(marked) // ENTRY_BYTES)
        packed = bytes(marked)
    return packed


def _entry(short: bytes, kind: int, cluster: int, size_bytes: int, at: datetime) -> bytes:
    time = at.hour << 11 | at.minute << 5 | at.second // 2
    date = at.year - 1980 << 9 | at.month << 5 | at.day
    return struct.pack(
        "<11sBBBHHHHHHHI",
        short, kind, 0, 0, time, date, date, cluster >> 16, time, date, cluster & 0xFFFF, size_bytes
    )  # fmt: skip


def _long_entries(name: str, short: bytes) -> bytes:
    checksum = 0
    for byte in short:
        checksum = ((checksum >> 1) | (checksum << 7) & 0x80) + byte & 0xFF
    text = name.encode("utf-16-le")
    count = -(-len(text) // 26)
    if len(text) < count * 26:
        text = (text + b"\x00\x00").ljust(count * 26, b"\xff")
    entries = []
    for number in range(count, 0, -1):
        part = text[(number - 1) * 26 : number * 26]
        order = number | (0x40 if number == count else 0)
        entries.append(
            struct.pack(
                "<B10sBBB12sH4s",
                order,
                part[:10],
                LONG_NAME,
                0,
                checksum,
                part[10:22],
                0,
                part[22:],
            )
        )
    return b"".join(entries)


def _short_name(name: str, taken: set[bytes]) -> bytes:
    stem, _, ending = name.upper().rpartition(".") if "." in name else (name.upper(), "", "")
    clean = "".join(char for char in stem if (char.isascii() and char.isalnum()) or char in "_-")
    end = "".join(char for char in ending if char.isascii() and char.isalnum())[:3].ljust(3)
    short = (clean[:8].ljust(8) + end).encode()
    number = 0
    while short in taken or (not number and clean != stem) or (not number and len(clean) > 8):
        number += 1
        tail = f"~{number}"
        short = (clean[: 8 - len(tail)] + tail).ljust(8).encode() + end.encode()
        if short not in taken:
            break
    taken.add(short)
    return short
