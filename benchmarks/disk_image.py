"""Claims: files from an E01 cost little more than from a folder; memory is flat in the image."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.program import SAMPLE_S, document, fresh_program
from benchmarks.sample import SAMPLES, mixed_files
from benchmarks.tree import Cost
from benchmarks.turns import make_bar_row, print_rows
from examples.disk import FIRST_START, draw_picture
from examples.disk_ewf import write_ewf
from examples.disk_fat import FatFile, write_fat

CPU_TIMES = 1.3
MEMORY_GROWTH = 1.2
MIB = 1 << 20
CLUSTER_BYTES = 16_384
TURNS = 3
AT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DISK_PICTURES = 60


def _files_of(folders: list[Path]) -> dict[str, bytes]:
    """Give the pictures of a collection under names that FAT keeps as they are."""
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            is_picture = path.suffix.lower() in (".jpg", ".jpeg", ".png", ".heic", ".webp")
            if is_picture and path.is_file() and not path.is_symlink():
                found[f"D{len(found) // 200:03}/F{len(found):06}{path.suffix}"] = path.read_bytes()
    return found


def _make(files: int) -> tuple[Path, Path, int]:
    """Make a folder and an E01 image of the same pictures; kept for the next run."""
    place = SAMPLES / f"disk-{files}"
    folder, image = place / "folder", place / "image"
    mark = place / "made"
    contents = _files_of(mixed_files(files))
    if not mark.exists():
        shutil.rmtree(place, ignore_errors=True)
        image.mkdir(parents=True)
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        size_bytes = 2 * sum(map(len, contents.values())) + CLUSTER_BYTES * (8192 + len(contents))
        size_bytes = -(-size_bytes // MIB) * MIB
        entries = [FatFile(name, content, AT) for name, content in contents.items()]
        with (place / "disk.dd").open("w+b") as file:
            write_fat(file, 0, size_bytes, entries, cluster_bytes=CLUSTER_BYTES)
        write_ewf(place / "disk.dd", image / "disk.E01", segment_bytes=64 * MIB)
        (place / "disk.dd").unlink()
        mark.touch()
    return folder, image, len(contents)


def _make_sparse(size_gb: int) -> Path:
    """Make a raw image that is mostly a hole: pictures at its start, and deleted ones."""
    place = SAMPLES / f"disk-sparse-{size_gb}"
    image = place / "disk.dd"
    if not (place / "made").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        files = [
            FatFile(f"DCIM/IMG_{n:04}.JPG", draw_picture(7, n), AT, is_deleted=n % 5 == 4)
            for n in range(DISK_PICTURES)
        ]
        with image.open("w+b") as file:
            write_fat(
                file, FIRST_START, size_gb * 10**9 // MIB * MIB, files, cluster_bytes=CLUSTER_BYTES
            )
            _write_table(file, size_gb * 10**9 // MIB * MIB)
        (place / "made").touch()
    return image


def _write_table(file, size_bytes: int) -> None:
    entry = b"\x00" * 4 + b"\x0c" + b"\x00" * 3
    entry += (FIRST_START // 512).to_bytes(4, "little") + (size_bytes // 512).to_bytes(4, "little")
    file.seek(446)
    file.write(entry.ljust(64, b"\x00") + b"\x55\xaa")


def _ingest(source: Path, *, sample_s: float | None = None) -> Cost:
    with fresh_program() as program:
        return program.ingest(source, sample_s=sample_s)


def rows(*, is_small: bool = False) -> list[dict]:
    """Take the same pictures in from a folder and from an image, and two sparse disks."""
    folder, image, files = _make(200 if is_small else 1000)
    plain_s, image_s = [], []
    plain = disk = None
    for _ in range(TURNS):
        plain, disk = _ingest(folder), _ingest(image)
        plain_s.append(plain.cpu_s)
        image_s.append(disk.cpu_s)
    times = min(image_s) / min(plain_s)
    agrees = document(plain)["media"] + len(list(image.iterdir())) == document(disk)["media"]
    small_gb, large_gb = (1, 2) if is_small else (1, 20)
    small = _ingest(_make_sparse(small_gb), sample_s=SAMPLE_S)
    large = _ingest(_make_sparse(large_gb), sample_s=SAMPLE_S)
    growth = large.peak_bytes / small.peak_bytes
    is_whole = document(small)["media"] == document(large)["media"] == DISK_PICTURES + 1
    return [
        make_bar_row(
            f"ingest from an E01 at most {CPU_TIMES:g} times the processor time of a folder's",
            f"{times:.2f} times",
            is_met=agrees and (times <= CPU_TIMES or is_small),
            note=f"{files} pictures; folder {min(plain_s):.2f} s, image {min(image_s):.2f} s of a "
            f"core, least of {TURNS}; the same media in both, and the image's segments",
        ),
        make_bar_row(
            f"peak memory at an image of {large_gb} GB within 20 % of that at {small_gb} GB",
            f"{large.peak_bytes / MIB:.0f} MiB, {growth:.2f} times as much",
            is_met=is_whole and (growth <= MEMORY_GROWTH or is_small),
            note=f"raw, sparse, FAT32, {DISK_PICTURES} pictures; proportional set sizes of the "
            f"whole tree, every {SAMPLE_S:g} s; at {small_gb} GB {small.peak_bytes / MIB:.0f} MiB; "
            f"{small.cpu_s:.1f} and {large.cpu_s:.1f} s of a core",
        ),
    ]


if __name__ == "__main__":
    print_rows(rows())
