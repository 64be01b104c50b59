"""One content that comes piece by piece into a sealed file of its own."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from firstlight.vault.blob_folder import MAGIC, make_folder, write_whole
from firstlight.vault.durable_file import sync_folder, translated
from firstlight.vault.stream import CHUNK_BYTES, Sealing

_SUFFIX: Final = ".part"


class BlobWriter:
    """Writes beside the content's place, and puts it there when it is whole."""

    def __init__(self, path: Path, sealing: Sealing) -> None:
        self._path = path
        self._sealing = sealing
        self._pending = bytearray()
        self._index = 0
        self.size_bytes = 0
        with translated("writing the vault"):
            make_folder(path.parent)
            self._part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_SUFFIX}")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self._part, flags, 0o600), "wb", buffering=0)
            write_whole(self._file, MAGIC)

    def write(self, piece: bytes) -> None:
        """Take the next piece, of any size.

        Raises:
            StoreError: The vault cannot be written.
        """
        self.size_bytes += len(piece)
        self._pending += piece
        while len(self._pending) > CHUNK_BYTES:
            self._put(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]

    def finish(self) -> None:
        """Put the content in its place; it is on disk when this returns.

        Raises:
            StoreError: The vault cannot be written.
        """
        self._put(bytes(self._pending), is_last=True)
        with translated("writing the vault"):
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._part, self._path)
            sync_folder(self._path.parent)

    def abort(self) -> None:
        """Leave nothing of it; harmless after an end."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _put(self, plain: bytes, *, is_last: bool) -> None:
        with translated("writing the vault"):
            write_whole(self._file, self._sealing.seal(self._index, plain, is_last=is_last))
        self._index += 1


def remove_parts(folder: Path) -> int:
    """Unlink the unfinished files that a crash left in the vault of a case; returns how many."""
    parts = list(folder.glob(f"*/*{_SUFFIX}"))
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)
