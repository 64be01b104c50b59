"""The volumes of a disk: its partitions, by their table, and what is known of each by its bytes."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import pytsk3

from firstlight.errors import EncryptedError, InputError, NotOpenedError
from firstlight.intake.disk.library import LIBRARY_ERRORS, DiskImage
from firstlight.intake.disk.source import DiskBytes

SECTOR_BYTES: Final = 512
VOLUMES_MAX: Final = 1024
_HEAD_BYTES: Final = 70_000
_RANDOM_BITS: Final = 7.9
_RANDOM_SAMPLE_BYTES: Final = 32_768
_APFS_FLAGS_AT: Final = 1264
_APFS_IS_ENCRYPTED: Final = 4
_EXTENDED_TYPES: Final = frozenset((0x05, 0x0F, 0x85))
_PROTECTIVE_TYPE: Final = 0xEE
_TABLE_KINDS: Final = tuple(
    getattr(pytsk3, f"TSK_VS_TYPE_{name}") for name in ("GPT", "DOS", "MAC", "BSD", "SUN")
)
_ALLOCATED: Final = int(pytsk3.TSK_VS_PART_FLAG_ALLOC)


@dataclass(frozen=True, slots=True)
class Volume:
    """One stretch of a disk that may hold a file system.

    Args:
        number: From 1, in the order of the table; 1 for a disk without one.
    """

    number: int
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Mark:
    at: int
    value: bytes
    label: str
    is_encrypted: bool


def find_volumes(image: DiskImage) -> list[Volume]:
    """Find the partitions of a disk; without a table the whole disk is one volume.

    A table that the Sleuth Kit refuses as a whole, for one entry that cannot be, is read by its
    sane entries.
    """
    disk = image.disk
    places = _by_library(image) or _by_sane_entries(disk)
    places = list(dict.fromkeys(p for p in places if 0 <= p[0] < disk.size_bytes and p[1] > 0))
    if not places:
        return [Volume(1, 0, disk.size_bytes)]
    volumes = [
        Volume(number, start, min(size_bytes, disk.size_bytes - start))
        for number, (start, size_bytes) in enumerate(places[:VOLUMES_MAX], 1)
    ]
    if places[0][0] and disk.at(32_769, 5) == b"CD001":
        # A disc image that can also start from a memory stick: its table covers a part only.
        volumes.append(Volume(len(volumes) + 1, 0, disk.size_bytes))
    return volumes


def explain_unread(disk: DiskBytes, volume: Volume) -> tuple[str, InputError]:
    """Say what a volume is whose file system is not read: a short name, and the reason."""
    head = disk.at(volume.start, min(_HEAD_BYTES, volume.size_bytes))
    lost = disk.losses.touches(volume.start, volume.start + len(head))
    if lost is not None:
        return "unread", disk.losses.error(lost, "the volume's beginning")
    for mark in _marks():
        if head.startswith(mark.value, mark.at):
            is_apfs = mark.label == "APFS" and len(head) > _APFS_FLAGS_AT
            if mark.is_encrypted or (is_apfs and head[_APFS_FLAGS_AT] & _APFS_IS_ENCRYPTED):
                return "encrypted", EncryptedError(f"encrypted volume: {mark.label}")
            return "unread", NotOpenedError(f"file system not read here: {mark.label}")
    if not any(head):
        return "empty", NotOpenedError("no file system: the volume begins with zeros")
    reason = "no known file system, or its first blocks are damaged"
    if _is_random(head[:_RANDOM_SAMPLE_BYTES]):
        reason = "no known file system; the bytes look random, as an encrypted volume's do"
    return "unread", NotOpenedError(reason)


def is_marked(disk: DiskBytes, volume: Volume) -> bool:
    """Whether a volume is known to be of a kind that is not read: no file system is tried."""
    head = disk.at(volume.start, min(_HEAD_BYTES, volume.size_bytes))
    return any(head.startswith(mark.value, mark.at) for mark in _marks() if mark.label != "UDF")


def _by_library(image: DiskImage) -> list[tuple[int, int]]:
    for kind in (pytsk3.TSK_VS_TYPE_DETECT, *_TABLE_KINDS):
        image.refill()
        try:
            table: Any = pytsk3.Volume_Info(image, kind)
            sector_bytes = int(table.info.block_size)
            return [
                (int(part.start) * sector_bytes, int(part.len) * sector_bytes)
                for part in table
                if int(part.flags) == _ALLOCATED
            ]
        except LIBRARY_ERRORS:
            continue
    return []


def _by_sane_entries(disk: DiskBytes) -> list[tuple[int, int]]:
    """Read a DOS table, or the GPT behind it, entry by entry; what cannot be is left out."""
    sector = disk.at(0, SECTOR_BYTES)
    if sector[510:512] != b"\x55\xaa":
        return []
    rows = [sector[at : at + 16] for at in range(446, 510, 16)]
    if any(row[0] not in (0, 0x80) for row in rows):
        return []
    if any(row[4] == _PROTECTIVE_TYPE for row in rows):
        return list(_gpt_entries(disk))
    return [
        (_number(row, 8) * SECTOR_BYTES, _number(row, 12) * SECTOR_BYTES)
        for row in rows
        if row[4] and row[4] not in _EXTENDED_TYPES and _number(row, 8)
    ]


def _gpt_entries(disk: DiskBytes) -> Iterator[tuple[int, int]]:
    for sector_bytes in (512, 4096):
        header = disk.at(sector_bytes, 92)
        if not header.startswith(b"EFI PART"):
            continue
        count, entry_bytes = min(_number(header, 80), VOLUMES_MAX), _number(header, 84)
        if not 128 <= entry_bytes <= 4096:
            return
        table_at = _number(header, 72, 8) * sector_bytes
        for place in range(count):
            entry = disk.at(table_at + place * entry_bytes, 128)
            if any(entry[:16]):
                first, last = _number(entry, 32, 8), _number(entry, 40, 8)
                yield first * sector_bytes, (last - first + 1) * sector_bytes
        return


@cache
def _marks() -> tuple[_Mark, ...]:
    text = resources.files("firstlight.intake.disk").joinpath("volume_marks.json").read_text()
    return tuple(
        _Mark(
            row["at"],
            bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode(),
            row["label"],
            row.get("is_encrypted", False),
        )
        for row in json.loads(text)["marks"]
    )


def _is_random(data: bytes) -> bool:
    """Whether bytes spread as random ones do."""
    total = len(data)
    if total < _RANDOM_SAMPLE_BYTES:
        return False
    shares = (count / total for count in Counter(data).values())
    return -sum(share * math.log2(share) for share in shares) > _RANDOM_BITS


def _number(data: bytes, at: int, size_bytes: int = 4) -> int:
    return int.from_bytes(data[at : at + size_bytes], "little")
