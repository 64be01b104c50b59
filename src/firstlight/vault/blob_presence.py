"""Whether what is recorded as kept can still be there; needs no key, nothing is opened."""

from __future__ import annotations

from pathlib import Path

from firstlight.vault.blob_folder import KEY_FILE, MAGIC, case_folder, own_path
from firstlight.vault.blob_pack import pack_path
from firstlight.vault.stream import sealed_bytes


class BlobPresence:
    """Looks at the files of a vault, each pack once.

    Args:
        folder: ``vault`` in the home.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pack_bytes: dict[tuple[int, int], int] = {}
        self._has_key: dict[int, bool] = {}

    def is_there(
        self,
        case_id: int,
        blob_name: bytes,
        size_bytes: int,
        pack: int | None,
        offset_bytes: int | None,
    ) -> bool:
        """Whether a content's file is there, as long as it must be, and the key of its vault.

        Cost: A look at the disk for a file of its own; none for the rest of a pack.
        """
        case = case_folder(self._folder, case_id)
        if case_id not in self._has_key:
            self._has_key[case_id] = _size_bytes(case / KEY_FILE) > 0
        if not self._has_key[case_id]:
            return False
        if pack is None:
            return _size_bytes(own_path(case, blob_name)) == len(MAGIC) + sealed_bytes(size_bytes)
        end_bytes = (offset_bytes or 0) + sealed_bytes(size_bytes)
        if self._pack_bytes.get((case_id, pack), 0) < end_bytes:
            # Looked at again, too, because a pack grows while it is verified.
            self._pack_bytes[case_id, pack] = _size_bytes(pack_path(case, pack))
        return self._pack_bytes[case_id, pack] >= end_bytes


def _size_bytes(path: Path) -> int:
    """Give the size of a regular file; 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0
