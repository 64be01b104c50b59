"""Makes an NTFS volume with the tools of ntfs-3g, where they are installed: no rights needed.

The tools cannot delete, so a deletion is made as Windows makes it in the record: its flag "in
use" is taken away. The entry in the folder stays.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

NTFS_BYTES = 8 << 20
TOOLS = ("mkntfs", "ntfscp", "ntfscat")
RECORD_FLAGS_AT = 22
IN_USE = 1
FIRST_USER_RECORD = 64
BITMAP_RECORD = 6


def ntfs_tools_missing() -> str | None:
    """Say why no NTFS volume can be made here; None where it can."""
    absent = [name for name in TOOLS if _tool(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def make_ntfs(
    path: Path,
    files: dict[str, bytes],
    *,
    streams: dict[str, tuple[str, bytes]] | None = None,
    deleted: str | None = None,
) -> None:
    """Make a volume with files in its root folder.

    Args:
        streams: File to the name and content of a second stream of it.
        deleted: The file whose record is freed; its space stays marked as used.
    """
    with path.open("wb") as file:
        file.truncate(NTFS_BYTES)
    _run("mkntfs", "-q", "-F", "-f", str(path))
    with tempfile.NamedTemporaryFile() as content:
        for name, data in files.items():
            _fill(content.name, data)
            _run("ntfscp", "-q", str(path), content.name, name)
        for name, (stream, data) in (streams or {}).items():
            _fill(content.name, data)
            _run("ntfscp", "-q", "-N", stream, str(path), content.name, name)
    if deleted is not None:
        _free_record(path, FIRST_USER_RECORD + list(files).index(deleted))


def _free_record(path: Path, number: int) -> None:
    volume = bytearray(path.read_bytes())
    sector_bytes, per_cluster = struct.unpack_from("<HB", volume, 11)
    cluster_bytes = sector_bytes * per_cluster
    table_at = struct.unpack_from("<Q", volume, 48)[0] * cluster_bytes
    size = struct.unpack_from("<b", volume, 64)[0]
    record_bytes = size * cluster_bytes if size > 0 else 1 << -size
    at = table_at + number * record_bytes + RECORD_FLAGS_AT
    flags = struct.unpack_from("<H", volume, at)[0]
    struct.pack_into("<H", volume, at, flags & ~IN_USE)
    path.write_bytes(volume)


def _fill(path: str, data: bytes) -> None:
    Path(path).write_bytes(data)


def _tool(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")


def _run(name: str, *arguments: str) -> None:
    subprocess.run([_tool(name) or name, *arguments], check=True, capture_output=True)
