"""The blob vault: what a home keeps of contents, sealed, by case.

Small contents (derivatives) lie one behind another in packs; each large one (an original) is a
file of its own. Both are sealed in chunks under a key that belongs to the case's vault alone and
is itself sealed under the case's key: destroying either makes all of it unreadable at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from firstlight.errors import InternalError, SealBrokenError, StoreError
from firstlight.model.ports import Sealer
from firstlight.vault.blob_folder import (
    CASE_PREFIX,
    KEY_FILE,
    MAGIC,
    case_folder,
    make_folder,
    own_path,
    remove_tree,
)
from firstlight.vault.blob_pack import PackWriter, pack_path
from firstlight.vault.blob_writer import BlobWriter, remove_parts
from firstlight.vault.durable_file import (
    destroy_file,
    read_small,
    replace_file,
    sync_folder,
    translated,
)
from firstlight.vault.stream import CHUNK_BYTES, Cipher, Sealing, open_chunks, seal_chunks

SMALL_MAX_BYTES: Final = CHUNK_BYTES
_REMOVED_PREFIX: Final = "removed-"
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Blob:
    """Where one content lies in its case's vault.

    Args:
        blob_name: Keyed hash of kind and SHA-256, 32 bytes.
        size_bytes: Plain.
        pack: Number of the pack; None for a file of its own.
        offset_bytes: Where it begins in the pack; None for a file of its own.
    """

    blob_name: bytes
    size_bytes: int
    pack: int | None = None
    offset_bytes: int | None = None


class BlobVault:
    """The sealed contents of one home.

    Args:
        folder: ``vault`` in the home; made when something is first kept.
        sealer: Seals the keys of the vaults, names their contents.
    """

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer
        self._ciphers: dict[int, Cipher] = {}
        self._packs: dict[int, PackWriter] = {}

    def put_small(self, case_id: int, kind: str, sha256: bytes, content: bytes) -> Blob:
        """Put a small content into the case's pack; it is on disk after ``flush``.

        Args:
            kind: What it is of the content named by the digest.
            content: At most 1 MiB.

        Raises:
            CaseErasedError: The case's key was destroyed.
            StoreError: The vault cannot be written.
        """
        if len(content) > SMALL_MAX_BYTES:
            raise InternalError("a content is too large for a pack")
        name = self._name(case_id, kind, sha256)
        sealing = Sealing(self._writing_cipher(case_id), name)
        if case_id not in self._packs:
            self._packs[case_id] = PackWriter(self._case(case_id))
        pack, offset_bytes = self._packs[case_id].append(seal_chunks(sealing, [content]))
        return Blob(name, len(content), pack, offset_bytes)

    def flush(self) -> None:
        """Bring what waits to the disk; a record that names it may be written after this.

        Raises:
            StoreError: The vault cannot be written; what waited is given up.
        """
        try:
            for pack in self._packs.values():
                pack.flush()
        except BaseException:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Forget what waits for the disk; no record may name it."""
        self._packs.clear()

    def begin(self, case_id: int, kind: str, sha256: bytes) -> BlobWriter:
        """Begin a content of any size in a file of its own; the caller finishes or aborts it.

        Raises:
            CaseErasedError: The case's key was destroyed.
            StoreError: The vault cannot be written.
        """
        name = self._name(case_id, kind, sha256)
        sealing = Sealing(self._writing_cipher(case_id), name)
        return BlobWriter(own_path(self._case(case_id), name), sealing)

    def written(self, case_id: int, kind: str, sha256: bytes, writer: BlobWriter) -> Blob:
        """Finish what was begun, and say where it lies.

        Raises:
            StoreError: The vault cannot be written.
        """
        writer.finish()
        return Blob(self._name(case_id, kind, sha256), writer.size_bytes)

    def put(self, case_id: int, kind: str, sha256: bytes, pieces: Iterable[bytes]) -> Blob:
        """Put a content of any size into a file of its own; on disk when this returns.

        Raises:
            CaseErasedError: The case's key was destroyed.
            StoreError: The vault cannot be written.
        """
        writer = self.begin(case_id, kind, sha256)
        try:
            for piece in pieces:
                writer.write(piece)
            return self.written(case_id, kind, sha256, writer)
        finally:
            writer.abort()

    def read(self, case_id: int, blob: Blob) -> Iterator[bytes]:
        """Give a content, chunk by chunk; each one is checked before it is given.

        Raises:
            CaseErasedError: The case's key was destroyed.
            SealBrokenError: Missing, altered, cut off, or of another content.
        """
        size_bytes = 0
        for chunk in self._chunks(case_id, blob, 0):
            size_bytes += len(chunk)
            if chunk:
                yield chunk
        if size_bytes != blob.size_bytes:
            raise SealBrokenError("sealed content has another size than its record says")

    def read_range(self, case_id: int, blob: Blob, begin: int, end: int) -> bytes:
        """Give the bytes from ``begin`` up to ``end``; only the chunks that hold them are opened.

        Raises:
            CaseErasedError: The case's key was destroyed.
            SealBrokenError: Missing, altered, cut off, or of another content.
        """
        end = min(end, blob.size_bytes)
        if begin >= end:
            return b""
        first = begin // CHUNK_BYTES
        taken = bytearray()
        for number, chunk in enumerate(self._chunks(case_id, blob, first), first):
            taken += chunk
            if (number + 1) * CHUNK_BYTES >= end:
                break
        return bytes(taken[begin - first * CHUNK_BYTES : end - first * CHUNK_BYTES])

    def check(self, case_id: int, blob: Blob) -> None:
        """Open a content wholly and give nothing of it; raises what ``read`` does."""
        for _ in self.read(case_id, blob):
            pass

    def has(self, case_id: int, blob: Blob) -> bool:
        """Whether the file that should hold a content is there; it is not opened."""
        return self._path(case_id, blob).is_file()

    def cases(self) -> list[int]:
        """List the cases of which something is kept."""
        names = [entry.name.removeprefix(CASE_PREFIX) for entry in self._entries(CASE_PREFIX)]
        return sorted(int(name) for name in names if name.isdigit())

    def destroy_case(self, case_id: int) -> None:
        """Make all that is kept of a case unreadable: its vault's key goes, off the disk.

        Harmless where nothing is kept. The files are put aside; ``sweep`` unlinks them.

        Cost: Milliseconds, however much is kept.
        """
        self._packs.pop(case_id, None)
        self._ciphers.pop(case_id, None)
        with translated("removing kept contents"):
            if self._case(case_id).is_dir():
                self._put_away(self._case(case_id))

    def remove_case(self, case_id: int, tick: Callable[[int], None] | None = None) -> int:
        """Destroy all that is kept of a case, and unlink it; returns how many files there were.

        Args:
            tick: Called with the number of files removed so far, every thousand.
        Cost: 70 us a file: packs are few, originals many.
        """
        self.destroy_case(case_id)
        with translated("removing kept contents"):
            return self._clear(tick)

    def sweep(self, tick: Callable[[int], None] | None = None) -> int:
        """Unlink what a crash left: removals cut short, files not finished; returns how many."""
        with translated("removing kept contents"):
            for entry in self._entries(CASE_PREFIX):
                if not (entry / KEY_FILE).exists():
                    self._put_away(entry)
            return self._clear(tick) + sum(remove_parts(e) for e in self._entries(CASE_PREFIX))

    def _put_away(self, place: Path) -> None:
        destroy_file(place / KEY_FILE)
        place.rename(self._folder / f"{_REMOVED_PREFIX}{place.name}-{secrets.token_hex(4)}")
        sync_folder(self._folder)

    def _clear(self, tick: Callable[[int], None] | None) -> int:
        return sum(remove_tree(entry, tick) for entry in self._entries(_REMOVED_PREFIX))

    def _entries(self, prefix: str) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [entry for entry in self._folder.iterdir() if entry.name.startswith(prefix)]

    def _case(self, case_id: int) -> Path:
        return case_folder(self._folder, case_id)

    def _name(self, case_id: int, kind: str, sha256: bytes) -> bytes:
        return self._sealer.mac(case_id, f"blob:{kind}", sha256)

    def _path(self, case_id: int, blob: Blob) -> Path:
        if blob.pack is None:
            return own_path(self._case(case_id), blob.blob_name)
        return pack_path(self._case(case_id), blob.pack)

    def _writing_cipher(self, case_id: int) -> Cipher:
        """Open the key of a case's vault; make it where there is none."""
        path = self._case(case_id) / KEY_FILE
        if case_id not in self._ciphers and not path.exists():
            sealed = self._sealer.seal(case_id, _context(case_id), secrets.token_bytes(_KEY_BYTES))
            with translated("writing the vault"):
                make_folder(self._folder)
                make_folder(path.parent)
                replace_file(path, sealed, is_secret=True)
        return self._cipher(case_id)

    def _cipher(self, case_id: int) -> Cipher:
        known = self._ciphers.get(case_id)
        if known is not None:
            return known
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            sealed = read_small(self._case(case_id) / KEY_FILE)
        except FileNotFoundError as error:
            raise SealBrokenError("the key of a case's kept contents is missing") from error
        except OSError as error:
            raise StoreError(f"the vault cannot be read ({error.strerror})") from error
        self._ciphers[case_id] = AESGCM(self._sealer.open(case_id, _context(case_id), sealed))
        return self._ciphers[case_id]

    def _chunks(self, case_id: int, blob: Blob, first: int) -> Iterator[bytes]:
        sealing = Sealing(self._cipher(case_id), blob.blob_name)
        with _opened(self._path(case_id, blob)) as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise SealBrokenError("sealed content is not in the form it is written in")
            if blob.offset_bytes is not None:
                stream.seek(blob.offset_bytes)
            yield from open_chunks(sealing, stream, first=first)


def _context(case_id: int) -> bytes:
    return f"blob-key:{case_id}".encode()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError as error:
        raise SealBrokenError("sealed content is missing") from error
    except OSError as error:
        raise StoreError(f"the vault cannot be read ({error.strerror})") from error
