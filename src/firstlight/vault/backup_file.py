"""The file of a backup: a header in the clear, then a tar sealed in chunks.

Layout: ``FLBACKUP``, length of the header (4 bytes, big-endian), the header as JSON, the chunks
of ``vault.stream``. The header says who holds the key and carries the backup's own key, wrapped
by the home's master key; its digest is bound in with every chunk. The last member of the tar is
``MANIFEST.json``: size and SHA-256 of every file before it.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firstlight.errors import BackupDamagedError, KeyWrongError, SealBrokenError
from firstlight.vault.sealing import MasterKey, master_id_of
from firstlight.vault.secret import KEY_SIZE_BYTES, HomeSecret
from firstlight.vault.stream import CHUNK_BYTES, Sealing, open_chunks

MAGIC: Final = b"FLBACKUP"
FORM: Final = "firstlight-backup-1"
MANIFEST: Final = "MANIFEST.json"
_LENGTH: Final = struct.Struct(">I")
_HEADER_MAX_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 1 << 20
_ALTERED: Final = (tarfile.TarError, SealBrokenError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What a backup says in the clear.

    Args:
        secret_id: Public name of the home's secret.
        holder: Content of ``keys/holder.json``.
        sealed_secret: Content of ``keys/secret.sealed``, where the key is under a passphrase.
        wrapped_key: The backup's key under the home's master key.
        made_at: UTC.
        tool: Program and version.
    """

    secret_id: str
    holder: bytes
    sealed_secret: bytes | None
    wrapped_key: bytes
    made_at: str
    tool: str

    def to_bytes(self) -> bytes:
        """Write it."""
        sealed = self.sealed_secret
        plain = {
            "form": FORM,
            "secret_id": self.secret_id,
            "holder": base64.b64encode(self.holder).decode("ascii"),
            "sealed_secret": None if sealed is None else base64.b64encode(sealed).decode("ascii"),
            "wrapped_key": self.wrapped_key.hex(),
            "made_at": self.made_at,
            "tool": self.tool,
        }
        return json.dumps(plain, indent=1).encode("ascii")

    def unwrapped(self, secret: HomeSecret) -> bytes:
        """Unwrap the backup's key.

        Raises:
            KeyWrongError: This secret is another home's, or its master key was replaced since.
            BackupDamagedError: The wrapped key was altered.
        """
        try:
            for master in (secret.master, *secret.previous):
                key = MasterKey(master)
                if key.master_id == master_id_of(self.wrapped_key):
                    return key.unwrap("backup", self.wrapped_key)
        except SealBrokenError as error:
            raise BackupDamagedError("the backup's header was altered") from error
        raise KeyWrongError(
            "this key does not open this backup: another home's, or the master key of its time"
            " was replaced since (use the key as it was kept then)"
        )


def new_header(
    secret: HomeSecret, holder: bytes, sealed_secret: bytes | None, made_at: str, tool: str
) -> BackupHeader:
    """Make the header of a new backup, with a key of its own."""
    wrapped = MasterKey(secret.master).wrap("backup", os.urandom(KEY_SIZE_BYTES))
    return BackupHeader(secret.secret_id, holder, sealed_secret, wrapped, made_at, tool)


class _SealedWriter:
    """A file to be written to: what comes is sealed chunk by chunk."""

    def __init__(self, file: BinaryIO, sealing: Sealing) -> None:
        self._file, self._sealing = file, sealing
        self._pending = bytearray()
        self._index = 0

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) > CHUNK_BYTES:
            self._write(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        self._write(bytes(self._pending), is_last=True)

    def _write(self, plain: bytes, *, is_last: bool) -> None:
        self._file.write(self._sealing.seal(self._index, plain, is_last=is_last))
        self._index += 1


class _OpenedReader:
    """A file to be read from, once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size_bytes: int = -1) -> bytes:
        parts = [self._rest]
        held = len(self._rest)
        while size_bytes < 0 or held < size_bytes:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            held += len(chunk)
        whole = b"".join(parts)
        cut = len(whole) if size_bytes < 0 else size_bytes
        self._rest = whole[cut:]
        return whole[:cut]


class BackupWriter:
    """Writes the content of a backup behind its header."""

    def __init__(self, file: BinaryIO, header: BackupHeader, secret: HomeSecret) -> None:
        text = header.to_bytes()
        start = MAGIC + _LENGTH.pack(len(text)) + text
        file.write(start)
        cipher = AESGCM(header.unwrapped(secret))
        self._sealed = _SealedWriter(file, Sealing(cipher, sha256(start).digest()))
        self._tar = tarfile.open(fileobj=self._sealed, mode="w|", format=tarfile.PAX_FORMAT)  # type: ignore[call-overload]  # noqa: SIM115 - closed by finish
        self._files: dict[str, list[Any]] = {}

    def add(self, name: str, path: Path, tick: Callable[[int], None] | None = None) -> None:
        """Add a file; one that grows meanwhile is taken as long as it was at first.

        Raises:
            OSError: It cannot be read.
        """
        with open(path, "rb") as source:
            info = tarfile.TarInfo(name)
            info.size = os.fstat(source.fileno()).st_size
            counted = _Digesting(source, tick)
            self._tar.addfile(info, counted)
        self._files[name] = [info.size, counted.digest.hexdigest()]

    def finish(self) -> None:
        """Write the manifest and the end."""
        text = json.dumps({"files": self._files}).encode("ascii")
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text)
        from io import BytesIO

        self._tar.addfile(info, BytesIO(text))
        self._tar.close()
        self._sealed.finish()


class _Digesting:
    """Passes bytes on and takes their digest."""

    def __init__(self, source: BinaryIO, tick: Callable[[int], None] | None) -> None:
        self._source, self._tick = source, tick
        self.digest = sha256()

    def read(self, size_bytes: int = -1) -> bytes:
        data = self._source.read(size_bytes)
        self.digest.update(data)
        if self._tick is not None:
            self._tick(len(data))
        return data


def read_header(file: BinaryIO) -> tuple[BackupHeader, bytes]:
    """Read the header, and the name that binds the chunks to it; the file stands behind it.

    Raises:
        BackupDamagedError: The file is no backup.
    """
    start = file.read(len(MAGIC) + _LENGTH.size)
    if len(start) < len(MAGIC) + _LENGTH.size or not start.startswith(MAGIC):
        raise BackupDamagedError("the file is not a backup of Firstlight")
    (length,) = _LENGTH.unpack(start[len(MAGIC) :])
    text = file.read(min(length, _HEADER_MAX_BYTES + 1))
    try:
        plain = json.loads(text)
        if plain["form"] != FORM or len(text) != length:
            raise ValueError("another form")
        sealed = plain["sealed_secret"]
        header = BackupHeader(
            str(plain["secret_id"]),
            base64.b64decode(plain["holder"], validate=True),
            None if sealed is None else base64.b64decode(sealed, validate=True),
            bytes.fromhex(plain["wrapped_key"]),
            str(plain["made_at"]),
            str(plain["tool"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BackupDamagedError("the backup's header is damaged, or of a newer version") from error
    return header, sha256(start + text).digest()


def read_backup(
    file: BinaryIO,
    header: BackupHeader,
    name: bytes,
    secret: HomeSecret,
    keep: Callable[[str], BinaryIO | None],
    tick: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Read the content of a backup and hold it against its manifest.

    Args:
        file: Stands behind the header.
        keep: Opens the file that a member is written to; None to check it only.

    Returns:
        The manifest's files: name to [size in bytes, SHA-256].

    Raises:
        BackupDamagedError: It is not as it was written.
        KeyWrongError: The secret does not open it.
    """
    sealing = Sealing(AESGCM(header.unwrapped(secret)), name)
    found: dict[str, list[Any]] = {}
    stated: dict[str, Any] | None = None
    try:
        reader = _OpenedReader(open_chunks(sealing, file))
        with tarfile.open(fileobj=reader, mode="r|") as tar:  # type: ignore[call-overload]
            for info in tar:
                if stated is not None or info.name in found or not _is_file(info):
                    raise BackupDamagedError("the backup holds what no backup does")
                source = tar.extractfile(info)
                if info.name == MANIFEST:
                    stated = dict(json.loads(source.read())["files"])
                else:
                    found[info.name] = _take(source, keep(info.name), tick)
        _refuse_more(reader, file)
    except (*_ALTERED, RecursionError) as error:
        raise BackupDamagedError("the backup was altered or cut off") from error
    if stated != found:
        raise BackupDamagedError("the backup is not what its manifest states")
    return found


def _refuse_more(reader: _OpenedReader, file: BinaryIO) -> None:
    """Read what a tar is filled up with: zeros, of which the tar's reader may leave some."""
    while piece := reader.read(_PIECE_BYTES):
        if piece.strip(b"\0"):
            raise BackupDamagedError("the backup goes on behind its end")
    if file.read(1):
        raise BackupDamagedError("the backup goes on behind its end")


def _is_file(info: tarfile.TarInfo) -> bool:
    """Whether a member is a plain file below the home: no link, device, gap or way out."""
    is_plain = info.type == tarfile.REGTYPE and not info.issparse() and "\0" not in info.name
    return is_plain and all(part not in ("", ".", "..") for part in info.name.split("/"))


def _take(source: Any, target: BinaryIO | None, tick: Callable[[int], None] | None) -> list[Any]:
    digest, size_bytes = sha256(), 0
    try:
        while data := source.read(_PIECE_BYTES):
            digest.update(data)
            size_bytes += len(data)
            if target is not None:
                target.write(data)
            if tick is not None:
                tick(len(data))
        if target is not None:
            target.flush()
            os.fsync(target.fileno())
    finally:
        if target is not None:
            target.close()
    return [size_bytes, digest.hexdigest()]
