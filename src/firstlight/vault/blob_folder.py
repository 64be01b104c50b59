"""The files below a blob vault: made private, written whole, and gone when they must go."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from firstlight.vault.durable_file import sync_folder

MAGIC: Final = b"FLBLOB\x00\x01"
"""Begins every pack and every file; the last byte is the version of the form."""

CASE_PREFIX: Final = "case-"
KEY_FILE: Final = "blob.key"
_TICK_FILES: Final = 1000


def case_folder(folder: Path, case_id: int) -> Path:
    """Name the folder of a case in a vault."""
    return folder / f"{CASE_PREFIX}{case_id}"


def own_path(folder: Path, name: bytes) -> Path:
    """Name the file of a content that has one of its own, in the folder of its case."""
    text = name.hex()
    return folder / text[:2] / text


def make_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, on disk; harmless where there is one."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    sync_folder(path.parent)


def write_whole(file: BinaryIO, content: bytes) -> None:
    """Write every byte; the system may take fewer in one call."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def remove_tree(folder: Path, tick: Callable[[int], None] | None = None) -> int:
    """Unlink a folder and the folders in it; returns how many files there were.

    Args:
        tick: Called with the number of files so far, every thousand.
    """
    count = 0
    for inner in (*_folders(folder), folder):
        count = _unlink_all(inner, count, tick)
        inner.rmdir()
    return count


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _unlink_all(folder: Path, count: int, tick: Callable[[int], None] | None) -> int:
    # Relative to a descriptor: no path is looked up 100,000 times.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for name in os.listdir(descriptor):
            os.unlink(name, dir_fd=descriptor)
            count += 1
            if tick is not None and count % _TICK_FILES == 0:
                tick(count)
    finally:
        os.close(descriptor)
    return count
