"""What a file system says of one entry: name, size, times, whether it is deleted."""

from __future__ import annotations

from typing import Any, Final

import pytsk3

from firstlight.model.media import FileFacts

_NS: Final = 1_000_000_000
_INT64_MAX: Final = 2**63 - 1
ALLOCATED, DELETED, UNALLOCATED = "allocated", "deleted", "unallocated"

_NAME_IS_GONE: Final = int(pytsk3.TSK_FS_NAME_FLAG_UNALLOC)
_IS_LIVE: Final = int(pytsk3.TSK_FS_META_FLAG_ALLOC)

FILE: Final = int(pytsk3.TSK_FS_META_TYPE_REG)
FOLDERS: Final = frozenset(
    (int(pytsk3.TSK_FS_META_TYPE_DIR), int(pytsk3.TSK_FS_META_TYPE_VIRT_DIR))
)
VIRTUAL_NAMES: Final = frozenset((int(pytsk3.TSK_FS_NAME_TYPE_VIRT),))
SPECIAL: Final = {
    int(pytsk3.TSK_FS_META_TYPE_LNK): "symbolic link in a disk image, not followed",
    int(pytsk3.TSK_FS_META_TYPE_CHR): "special file in a disk image: character device",
    int(pytsk3.TSK_FS_META_TYPE_BLK): "special file in a disk image: block device",
    int(pytsk3.TSK_FS_META_TYPE_FIFO): "special file in a disk image: pipe",
    int(pytsk3.TSK_FS_META_TYPE_SOCK): "special file in a disk image: socket",
    int(pytsk3.TSK_FS_META_TYPE_WHT): "special file in a disk image: whiteout",
}


def name_of(entry: Any) -> bytes:
    """Give an entry's name, exact bytes; ``inode-N`` for one without."""
    name: bytes | None = entry.info.name.name
    return name or b"inode-%d" % int(entry.info.name.meta_addr)


def is_gone(entry: Any) -> bool:
    """Whether the entry is marked as deleted."""
    return bool(int(entry.info.name.flags) & _NAME_IS_GONE)


def is_reused(entry: Any, meta: Any) -> bool:
    """Whether a deleted entry's record serves another, living entry today."""
    return is_gone(entry) and bool(int(meta.flags) & _IS_LIVE)


def allocation_of(entry: Any, meta: Any, *, is_orphan: bool) -> str:
    """Say in the words of ``FileFacts`` what became of an entry.

    Args:
        is_orphan: No folder names it any more.
    """
    if is_orphan:
        return UNALLOCATED
    is_live = meta is None or bool(int(meta.flags) & _IS_LIVE)
    return ALLOCATED if is_live and not is_gone(entry) else DELETED


def facts_of(meta: Any, size_bytes: int, allocation: str) -> FileFacts:
    """Take the times of an entry as the file system has them; 0 stands for "not stated".

    Values that no record of ours could hold (damaged structures) are left out.
    """
    if meta is None:
        return FileFacts(0, allocation=allocation)
    number = int(meta.addr)
    return FileFacts(
        max(0, min(size_bytes, _INT64_MAX)),
        mtime_ns=_time_ns(meta.mtime, meta.mtime_nano),
        ctime_ns=_time_ns(meta.ctime, meta.ctime_nano),
        accessed_ns=_time_ns(meta.atime, meta.atime_nano),
        born_ns=_time_ns(meta.crtime, meta.crtime_nano),
        inode=number if number <= _INT64_MAX else None,
        allocation=allocation,
    )


def _time_ns(seconds: Any, nanoseconds: Any) -> int | None:
    whole, part = int(seconds), int(nanoseconds)
    if whole == 0 and part == 0:
        return None
    total = whole * _NS + (part if 0 <= part < _NS else 0)
    return total if abs(total) <= _INT64_MAX else None
