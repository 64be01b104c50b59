"""Packs: many small sealed contents one behind another, so that a disk keeps few files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from firstlight.vault.blob_folder import MAGIC, write_whole
from firstlight.vault.durable_file import sync_folder, translated

PACK_MAX_BYTES: Final = 64 << 20
"""Size from which a new pack is begun."""

_SUFFIX: Final = ".pack"


def pack_path(folder: Path, number: int) -> Path:
    """Name the file of a pack of a case."""
    return folder / f"{number:06d}{_SUFFIX}"


class PackWriter:
    """Appends to the newest pack of one case; what waits is on disk after ``flush``.

    A pack only grows. Bytes that a crash left at its end are named by no record: they stay, and
    what comes next goes behind them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[bytes] = []
        numbers = [int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit()]
        self._begin(max(numbers, default=1))
        if self._end_bytes >= PACK_MAX_BYTES:
            self._begin(self._number + 1)

    def append(self, chunks: Iterable[bytes]) -> tuple[int, int]:
        """Take a sealed content; returns its pack and where it begins in it.

        Raises:
            StoreError: The vault cannot be written.
        """
        if self._end_bytes >= PACK_MAX_BYTES:
            self.flush()
            self._begin(self._number + 1)
        begin = self._end_bytes
        for chunk in chunks:
            self._waiting.append(chunk)
            self._end_bytes += len(chunk)
        return self._number, begin

    def flush(self) -> None:
        """Bring what waits to the disk; after an error this writer is of no more use.

        Raises:
            StoreError: The vault cannot be written.
        """
        if not self._waiting:
            return
        waiting, self._waiting = b"".join(self._waiting), []
        begin = self._end_bytes - len(waiting)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with translated("writing the vault"):
            descriptor = os.open(pack_path(self._folder, self._number), flags, 0o600)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                if begin == len(MAGIC):
                    write_whole(file, MAGIC)
                file.seek(begin)
                write_whole(file, waiting)
                os.fdatasync(descriptor)
            if begin == len(MAGIC):
                sync_folder(self._folder)

    def _begin(self, number: int) -> None:
        self._number = number
        path = pack_path(self._folder, number)
        held_bytes = path.lstat().st_size if path.exists() else 0
        self._end_bytes = max(held_bytes, len(MAGIC))
