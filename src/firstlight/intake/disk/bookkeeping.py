"""What a file system keeps for itself: entries that are nobody's files."""

from __future__ import annotations

from functools import cache
from typing import Final

import pytsk3

ORPHANS: Final = b"$OrphanFiles"
"""The Sleuth Kit's own folder for what no folder names any more."""

_EXFAT_OWN: Final = frozenset(
    (
        b"$ALLOC_BITMAP",
        b"$UPCASE_TABLE",
        b"$VOLUME_LABEL",
        b"$VOLUME_GUID",
        b"$TEX_FAT",
        b"$ACCESS_CONTROL_TABLE",
    )
)
_FAT_LABEL_MARK: Final = b" (Volume Label Entry)"
_NTFS_SYSTEM_MAX: Final = 23
_NTFS_ROOT, _NTFS_EXTEND = 5, 11
_HFS_SYSTEM_MAX: Final = 15


def is_system(kind: str, name: bytes, number: int, depth: int) -> bool:
    """Whether an entry is the file system's own bookkeeping, by its name and its record's number.

    Args:
        kind: Name of the file system.
        depth: 0 for an entry of the root folder.
    """
    if depth:
        return False
    if name == ORPHANS:
        # There are none on a disc: what the Sleuth Kit lists there is its own numbering.
        return kind == "iso9660"
    if kind == "ntfs":
        is_own = number <= _NTFS_SYSTEM_MAX and number not in (_NTFS_ROOT, _NTFS_EXTEND)
        return is_own and name.startswith(b"$")
    if kind == "exfat":
        return name in _EXFAT_OWN
    if kind.startswith("fat"):
        return name.endswith(_FAT_LABEL_MARK)
    return kind == "hfs" and number <= _HFS_SYSTEM_MAX


def is_reserved(kind: str, number: int) -> bool:
    """Whether a record without a name is one that was never a file's."""
    return kind == "ntfs" and number <= _NTFS_SYSTEM_MAX


def is_kept_from(kind: str, folder_number: int, name: bytes) -> bool:
    """Whether an entry lies in NTFS's folder of its own (``$Extend``).

    Files that were deleted while open are in there too, in a folder of their own.
    """
    return kind == "ntfs" and folder_number == _NTFS_EXTEND and name != b"$Deleted"


@cache
def kind_names() -> dict[int, str]:
    """Names of the file systems that the Sleuth Kit reads, by its number."""
    prefix = "TSK_FS_TYPE_"
    return {
        int(getattr(pytsk3, name)): name.removeprefix(prefix).lower()
        for name in dir(pytsk3)
        if name.startswith(prefix) and not name.endswith(("_DETECT", "_ENUM", "UNSUPP"))
    }
