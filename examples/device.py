"""Draws a seized device, a disk image, with its truth: ``python -m examples.device OUT``.

Writes ``disk.E01`` (with ``.E02`` and so on), ``passwords.txt`` and ``device.json``. In the image
are living and deleted files, an encrypted volume, locked archives, a mailbox, documents, a
thumbnail store, a provider's return and a phone report. Needs no rights and mounts nothing.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from examples.device_contents import PLANTED, WORDS, Content, DeviceContents, fill_device
from examples.disk import (
    ALLOCATED,
    DELETED,
    EXT_BYTES,
    FAT_BYTES,
    FIRST_START,
    STUB_BYTES,
    UNALLOCATED,
    DiskPart,
    copy_volume,
    ext_tools_missing,
    fat_name,
    make_ext4,
    write_disk,
    write_stub,
)
from examples.disk_ewf import write_ewf
from examples.disk_fat import write_fat
from examples.disk_ntfs import NTFS_BYTES, make_ntfs, ntfs_tools_missing

TRUTH_NAME = "device.json"
IMAGE_NAME = "disk.E01"
ENCRYPTED, NOT_OPENED, DAMAGED, ABSENT = "encrypted", "not-opened", "decode-failed", "absent"


@dataclass(frozen=True, slots=True)
class DeviceItem:
    """What must be found of one entry of the device.

    Args:
        path: From the folder of the image on, ``!/`` between levels.
        kind: What it is, for the table of the demonstration.
        sha256: None where nothing can be read.
        allocation: As ``show`` says it; None for what no file system names.
        code: The failure that must be recorded; None where none may be.
        code_without: The same for a run without the passwords; ``absent`` where even the name is
            locked.
    """

    path: str
    kind: str
    sha256: str | None
    allocation: str | None = None
    code: str | None = None
    code_without: str | None = None

    @property
    def is_member(self) -> bool:
        """It lies in a container that lies in the image."""
        return self.path.count("!/") > 1


@dataclass(frozen=True, slots=True)
class DeviceTruth:
    """An image and what is in it.

    Args:
        planted: Words that stand in names and metadata, and nowhere else.
        missing: What could not be made here, and why.
    """

    items: list[DeviceItem]
    planted: tuple[str, ...] = PLANTED
    missing: dict[str, str] = field(default_factory=dict)


def draw_device(
    out: Path, *, seed: int = 1, pictures: int = 4, segment_bytes: int = 250_000
) -> DeviceTruth:
    """Write the image, the unit's passwords and the truth into a folder.

    Args:
        pictures: Living ones in each volume.
    Cost: Under two seconds.
    """
    out.mkdir(parents=True, exist_ok=True)
    contents = fill_device(seed, pictures)
    truth = DeviceTruth([])
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place) / "disk.dd"
        write_disk(raw, _volumes(Path(place), contents, seed, pictures, truth))
        segments = write_ewf(raw, out / IMAGE_NAME, segment_bytes=segment_bytes)
    for path in segments:
        truth.items.append(DeviceItem(path.name, "segment", _sha256(path.read_bytes())))
    (out / "passwords.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    text = json.dumps(asdict(truth), indent=1, sort_keys=True)
    (out / TRUTH_NAME).write_text(text + "\n", "utf-8")
    return truth


def read_device(folder: Path) -> DeviceTruth:
    """Read the truth that lies beside an image."""
    plain: dict[str, Any] = json.loads((folder / TRUTH_NAME).read_text("utf-8"))
    items = [DeviceItem(**row) for row in plain["items"]]
    return DeviceTruth(items, tuple(plain["planted"]), plain["missing"])


def _volumes(
    place: Path, contents: DeviceContents, seed: int, pictures: int, truth: DeviceTruth
) -> list[DiskPart]:
    """Say which volumes are written, and note what must be found in each."""
    files = contents.fat_files
    parts: list[DiskPart] = [
        ("fat16", FAT_BYTES, lambda file, at, size: write_fat(file, at, size, files))
    ]
    for one in contents.fat:
        _note(truth, f"vol1-fat16/{fat_name(one.file)}", one)
    reason = ext_tools_missing()
    if reason is None:
        ext4 = place / "ext4"
        prefix = f"vol{len(parts) + 1}-ext4/"
        for item in make_ext4(ext4, prefix, seed, pictures):
            kind = "link" if item.sha256 is None else _kind(item.allocation)
            _add(truth, item.member, kind, item.sha256, item.allocation, item.code)
        parts.append(("ext4", EXT_BYTES, lambda file, at, _: copy_volume(ext4, file, at)))
    else:
        truth.missing["ext4"] = reason
    reason = ntfs_tools_missing()
    if reason is None:
        ntfs = place / "ntfs"
        make_ntfs(ntfs, contents.ntfs, streams=contents.streams, deleted=contents.ntfs_gone)
        _note_ntfs(truth, f"vol{len(parts) + 1}-ntfs/", contents)
        parts.append(("ntfs", NTFS_BYTES, lambda file, at, _: copy_volume(ntfs, file, at)))
    else:
        truth.missing["ntfs"] = reason
    start = FIRST_START + sum(size for _, size, _ in parts)
    name = f"vol{len(parts) + 1}-encrypted-at-{start}"
    _add(truth, name, "encrypted volume", None, None, ENCRYPTED)
    return [*parts, ("bitlocker", STUB_BYTES, write_stub)]


def _note(truth: DeviceTruth, member: str, one: Content) -> None:
    """Note a file of a volume and everything inside it."""
    allocation = DELETED if one.file.is_deleted else ALLOCATED
    kind = one.kind or _kind(allocation)
    digest = _sha256(one.file.content)
    whole = ENCRYPTED if one.lock == "names" else None
    _add(truth, member, kind, digest, allocation, code_without=whole)
    locked = {"": None, "members": ENCRYPTED, "names": ABSENT}[one.lock]
    for name, content in one.members:
        code = NOT_OPENED if content in one.closed else None
        inside = f"{member}!/{name.decode()}"
        digest = _sha256(content)
        _add(truth, inside, f"in {kind}", digest, None, code, code_without=locked)


def _note_ntfs(truth: DeviceTruth, prefix: str, contents: DeviceContents) -> None:
    for name, content in contents.ntfs.items():
        if name != contents.ntfs_gone:
            _add(truth, prefix + name, "living file", _sha256(content), ALLOCATED)
            continue
        # Its record is free, its name and its clusters are not: the content may be another's.
        orphan = f"{prefix}$OrphanFiles/{name}"
        _add(truth, orphan, "deleted file", _sha256(content), UNALLOCATED, DAMAGED)
        _add(truth, prefix + name, "name without a file", None, ALLOCATED, DAMAGED)
    for name, (stream, content) in contents.streams.items():
        _add(truth, f"{prefix}{name}:{stream}", "second stream", _sha256(content), ALLOCATED)


def _add(
    truth: DeviceTruth,
    member: str,
    kind: str,
    sha256: str | None,
    allocation: str | None,
    code: str | None = None,
    *,
    code_without: str | None = None,
) -> None:
    path = f"{IMAGE_NAME}!/{member}"
    without = code_without or code
    truth.items.append(DeviceItem(path, kind, sha256, allocation, code, without))


def _kind(allocation: str | None) -> str:
    return "living file" if allocation == ALLOCATED else "deleted file"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Write the sample and its truth."""
    if len(sys.argv) != 2:
        print("usage: python -m examples.device OUT", file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    truth = draw_device(out)
    print(f"{len(truth.items)} entries of a device: {out / IMAGE_NAME}")
    for what, reason in truth.missing.items():
        print(f"not drawn: {what} ({reason})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
