"""Originals that come from workers piece by piece: only they can reach a member's bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from firstlight.app.item_reading import PIECE_BYTES
from firstlight.errors import WorkerLostError
from firstlight.model.item import ItemReport
from firstlight.vault.blob import Blob, BlobVault
from firstlight.vault.blob_writer import BlobWriter

ORIGINAL: Final = "original"
_COMING_MAX: Final = 256
"""Originals that may be half here at once: more than there are workers."""


@dataclass(slots=True)
class _Coming:
    writer: BlobWriter
    digest: Any = field(default_factory=hashlib.sha256)


class IncomingOriginals:
    """Takes pieces, seals them as they come, and keeps a content only if its digest is right.

    Args:
        max_bytes: Size of the largest original that is kept.
    """

    def __init__(self, vault: BlobVault, case_id: int, max_bytes: int) -> None:
        self._vault = vault
        self._case_id = case_id
        self._max_bytes = max_bytes
        self._coming: dict[bytes, _Coming] = {}
        self._arrived: dict[bytes, Blob] = {}

    def has(self, sha256: bytes) -> bool:
        """Whether a content has come wholly."""
        return sha256 in self._arrived

    def pop(self, sha256: bytes) -> Blob | None:
        """Give the place of a content that has come wholly, once."""
        return self._arrived.pop(sha256, None)

    def close(self) -> None:
        """Leave nothing half written."""
        for key in list(self._coming):
            self._abort(key)

    def take(self, question: Mapping[str, Any], shell: ItemReport) -> dict[str, bool]:
        """Take the next piece of an item's content.

        Args:
            shell: What the worker said of the item before.

        Returns:
            Whether the worker is to go on, and whether the content is kept already.

        Raises:
            WorkerLostError: The piece is none that was asked for, or the whole is not the
                content that the worker named.
        """
        piece, offset = question.get("piece"), question.get("offset_bytes")
        if shell.digests is None or not isinstance(piece, bytes) or len(piece) > PIECE_BYTES:
            raise WorkerLostError("the worker's piece of a content is malformed")
        key, sha256 = shell.locator.key, shell.digests.sha256
        if offset == 0:
            self._abort(key)
            if self.has(sha256) or len(self._coming) >= _COMING_MAX:
                return _answer(is_to_go_on=False, is_kept=self.has(sha256))
            self._coming[key] = _Coming(self._vault.begin(self._case_id, ORIGINAL, sha256))
        coming = self._coming.get(key)
        if coming is None or offset != coming.writer.size_bytes:
            raise WorkerLostError("the worker's piece of a content is out of order")
        if coming.writer.size_bytes + len(piece) > self._max_bytes:
            self._abort(key)
            return _answer(is_to_go_on=False, is_kept=False)
        coming.writer.write(piece)
        coming.digest.update(piece)
        if question.get("is_last") is True:
            self._finish(key, coming, sha256)
        return _answer(is_to_go_on=True, is_kept=False)

    def _finish(self, key: bytes, coming: _Coming, sha256: bytes) -> None:
        if coming.digest.digest() != sha256:
            self._abort(key)
            raise WorkerLostError("the worker's pieces are not the content that it named")
        del self._coming[key]
        self._arrived[sha256] = self._vault.written(self._case_id, ORIGINAL, sha256, coming.writer)

    def _abort(self, key: bytes) -> None:
        coming = self._coming.pop(key, None)
        if coming is not None:
            coming.writer.abort()


def _answer(*, is_to_go_on: bool, is_kept: bool) -> dict[str, bool]:
    return {"go_on": is_to_go_on, "kept": is_kept}
