"""Draws a small disk image with the truth beside it: volumes, deleted entries, an encrypted stub.

``python -m examples.disk OUT`` writes ``disk.dd``, ``disk.E01`` (with ``.E02`` and so on) and
``disk.json``. Needs no rights and mounts nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from examples.copies import save_jpeg
from examples.disk_ewf import write_ewf
from examples.disk_fat import SECTOR_BYTES, FatFile, write_fat

MIB = 1 << 20
FIRST_START = MIB
FAT_BYTES, EXT_BYTES, STUB_BYTES, NOISE_BYTES = 12 * MIB, 8 * MIB, MIB, 1 << 16
TAKEN_AT = datetime(2026, 3, 1, 9, 30, 10, tzinfo=UTC)
TYPES = {"fat16": 0x06, "fat32": 0x0C, "ext4": 0x83, "ntfs": 0x07, "bitlocker": 0x07}
ALLOCATED, DELETED, UNALLOCATED = "allocated", "deleted", "unallocated"
DiskPart = tuple[str, int, Callable[[BinaryIO, int, int], None]]
"""A partition: its type, its bytes, and what writes it into a file at a place."""


@dataclass(frozen=True, slots=True)
class DiskItem:
    """What must be found of one entry.

    Args:
        member: Name as Firstlight gives it, for example ``vol1-fat16/DCIM/IMG_0001.JPG``.
        sha256: None where the content cannot be had.
        allocation: As in ``FileFacts``; None for a volume that is not read.
        changed_at: In UTC; of FAT as if its local time were.
        code: The failure that must be recorded; None where none may be.
    """

    member: str
    sha256: str | None
    allocation: str | None = ALLOCATED
    changed_at: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class DiskSample:
    """An image and what is in it.

    Args:
        segments: Of the E01 image, in order.
        missing: What could not be made here, and why.
    """

    raw: Path
    segments: list[Path]
    items: list[DiskItem]
    missing: dict[str, str]


def draw_disk(
    out: Path,
    *,
    seed: int = 1,
    pictures: int = 6,
    extra: Mapping[str, bytes] | None = None,
    segment_bytes: int = 100_000,
) -> DiskSample:
    """Write a disk with a FAT volume, an ext4 one where its tools are, and an encrypted one.

    Args:
        pictures: Living ones in the FAT volume; as many again are put into ext4.
        extra: Further files of the FAT volume, path to content (an archive, a mailbox).
    Cost: Under a second.
    """
    out.mkdir(parents=True, exist_ok=True)
    raw = out / "disk.dd"
    items: list[DiskItem] = []
    missing: dict[str, str] = {}
    parts: list[DiskPart] = []
    fat_files = _fat_files(seed, pictures, extra or {})
    items += fat_truth("vol1-fat16/", fat_files)
    parts.append(("fat16", FAT_BYTES, lambda file, at, size: write_fat(file, at, size, fat_files)))
    with tempfile.TemporaryDirectory() as place:
        reason = ext_tools_missing()
        if reason is None:
            volume = Path(place) / "ext4"
            items += make_ext4(volume, "vol2-ext4/", seed, pictures)
            parts.append(("ext4", EXT_BYTES, lambda file, at, _: copy_volume(volume, file, at)))
        else:
            missing["ext4"] = reason
        number = len(parts) + 1
        start = FIRST_START + sum(size for _, size, _ in parts)
        name = f"vol{number}-encrypted-at-{start}"
        items.append(DiskItem(name, None, None, code="encrypted"))
        parts.append(("bitlocker", STUB_BYTES, write_stub))
        write_disk(raw, parts)
    segments = write_ewf(raw, out / "disk.E01", segment_bytes=segment_bytes)
    return DiskSample(raw, segments, items, missing)


def write_disk(path: Path, parts: Sequence[DiskPart]) -> None:
    """Write a disk with a DOS table of at most four partitions: type, size, writer."""
    with path.open("w+b") as file:
        sector = bytearray(SECTOR_BYTES)
        start = FIRST_START
        for place, (kind, size_bytes, write) in enumerate(parts):
            measures = (start // SECTOR_BYTES, size_bytes // SECTOR_BYTES)
            entry = struct.pack("<B3sB3sII", 0, b"", TYPES[kind], b"", *measures)
            sector[446 + 16 * place : 462 + 16 * place] = entry
            write(file, start, size_bytes)
            start += size_bytes
        sector[510:] = b"\x55\xaa"
        file.seek(0)
        file.write(sector)
        file.truncate(start)


def fat_truth(prefix: str, files: Sequence[FatFile]) -> list[DiskItem]:
    """Say what must be found in a FAT volume."""
    items = []
    for one in files:
        items.append(
            DiskItem(
                prefix + fat_name(one),
                hashlib.sha256(one.content).hexdigest(),
                DELETED if one.is_deleted else ALLOCATED,
                one.changed_at.isoformat(),
            )
        )
    return items


def fat_name(one: FatFile) -> str:
    """Give the path under which it is found: the first letter of a deleted short name is gone."""
    folder, _, name = one.path.rpartition("/")
    is_short = name == name.upper() and len(name.partition(".")[0]) <= 8
    seen = "_" + name[1:] if one.is_deleted and is_short else name
    return f"{folder}/{seen}" if folder else seen


def draw_picture(*seed: int, size_px: tuple[int, int] = (320, 240)) -> bytes:
    """Draw a soft pattern of colours, a JPEG; nothing is shown."""
    rng = np.random.default_rng(seed)
    lumps = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
    return save_jpeg(lumps.resize(size_px, Image.Resampling.BICUBIC), 85)


def _fat_files(seed: int, pictures: int, extra: Mapping[str, bytes]) -> list[FatFile]:
    living = [
        FatFile(f"DCIM/100FIRST/IMG_{n:04}.JPG", draw_picture(seed, n), TAKEN_AT)
        for n in range(pictures)
    ]
    gone = [
        FatFile("DCIM/100FIRST/DEL_0001.JPG", draw_picture(seed, 101), TAKEN_AT, is_deleted=True),
        FatFile("DCIM/Deleted view.jpg", draw_picture(seed, 102), TAKEN_AT, is_deleted=True),
    ]
    others = [FatFile(path, content, TAKEN_AT) for path, content in extra.items()]
    long_name = FatFile("Höfe und Gärten.jpg", draw_picture(seed, 103), TAKEN_AT)
    return [*living, *gone, long_name, *others]


def ext_tools_missing() -> str | None:
    """Say why no ext4 volume can be made here; None where it can."""
    absent = [name for name in ("mkfs.ext4", "debugfs") if _tool(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def make_ext4(path: Path, prefix: str, seed: int, pictures: int) -> list[DiskItem]:
    """Make an ext4 volume of a folder and take one entry out of it again; returns the truth."""
    items = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "Pictures"
        folder.mkdir()
        for number in range(pictures + 1):
            content = draw_picture(seed, 200 + number)
            is_gone = number == pictures
            name = "gone.jpg" if is_gone else f"view-{number}.jpg"
            (folder / name).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            allocation = DELETED if is_gone else ALLOCATED
            items.append(DiskItem(f"{prefix}Pictures/{name}", digest, allocation))
        (Path(place) / "link").symlink_to("Pictures")
        items.append(DiskItem(f"{prefix}link", None, code="not-opened"))
        with path.open("wb") as file:
            file.truncate(EXT_BYTES)
        _run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", place, str(path))
        _run("debugfs", "-w", "-R", "rm Pictures/gone.jpg", str(path))
    return items


def _tool(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _run(name: str, *arguments: str) -> None:
    subprocess.run([_tool(name) or name, *arguments], check=True, capture_output=True)


def copy_volume(source: Path, file: BinaryIO, at: int) -> None:
    """Write a volume that was made in a file of its own into a disk."""
    file.seek(at)
    file.write(source.read_bytes())


def write_stub(file: BinaryIO, at: int, size_bytes: int) -> None:
    """Write what a volume locked by BitLocker shows: its mark, then some noise."""
    file.seek(at)
    noise = np.random.default_rng(5).bytes(min(size_bytes, NOISE_BYTES) - 11)
    file.write(b"\xeb\x58\x90-FVE-FS-" + noise)


def main() -> int:
    """Write the sample and its truth."""
    if len(sys.argv) != 2:
        print("usage: python -m examples.disk OUT", file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    sample = draw_disk(out)
    truth = {"items": [asdict(item) for item in sample.items], "missing": sample.missing}
    (out / "disk.json").write_text(json.dumps(truth, indent=2))
    print(f"{len(sample.items)} entries, {len(sample.segments)} segments: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
