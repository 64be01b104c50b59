"""One sealed content as a row of chunks: order, number and end are bound in with each of them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from firstlight.errors import SealBrokenError

CHUNK_BYTES: Final = 1 << 20
"""Plain bytes of every chunk but the last, which may have fewer, none included."""

_HEADER: Final = struct.Struct(">I")
_INDEX: Final = struct.Struct(">Q")
_LAST: Final = 1 << 31
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_OVERHEAD_BYTES: Final = _HEADER.size + _NONCE_BYTES + _TAG_BYTES
_ABOUT: Final = b"firstlight blob 1\x00"


class Cipher(Protocol):
    """AES-256-GCM, as the cryptography package has it."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Seal."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Open, or raise InvalidTag."""
        ...


@dataclass(frozen=True, slots=True)
class Sealing:
    """What seals and opens the chunks of one content.

    Args:
        cipher: Under the key of the case's vault.
        name: The content's own, 32 bytes; chunks of another content do not open under it.
    """

    cipher: Cipher
    name: bytes

    def seal(self, index: int, plain: bytes, *, is_last: bool) -> bytes:
        """Seal one chunk: header, nonce, ciphertext with its tag."""
        header = _HEADER.pack(len(plain) | (_LAST if is_last else 0))
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + self.cipher.encrypt(nonce, plain, self._bound(index, header))

    def open(self, index: int, header: bytes, sealed: bytes) -> bytes:
        """Open one chunk.

        Raises:
            SealBrokenError: Altered, of another content, or at another position.
        """
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self.cipher.decrypt(nonce, rest, self._bound(index, header))
        except InvalidTag as error:
            raise SealBrokenError("sealed content was altered, or belongs elsewhere") from error

    def _bound(self, index: int, header: bytes) -> bytes:
        return _ABOUT + self.name + _INDEX.pack(index) + header


def seal_chunks(sealing: Sealing, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Seal a content that comes in pieces of any size.

    Cost: Memory of two chunks; about 1 ms a megabyte.
    """
    pending = bytearray()
    index = 0
    for piece in pieces:
        pending += piece
        while len(pending) > CHUNK_BYTES:
            yield sealing.seal(index, bytes(pending[:CHUNK_BYTES]), is_last=False)
            del pending[:CHUNK_BYTES]
            index += 1
    yield sealing.seal(index, bytes(pending), is_last=True)


def sealed_bytes(size_bytes: int) -> int:
    """Give the size of what ``seal_chunks`` makes of a content of a size."""
    return size_bytes + max(1, -(-size_bytes // CHUNK_BYTES)) * _OVERHEAD_BYTES


def open_chunks(sealing: Sealing, stream: BinaryIO, *, first: int = 0) -> Iterator[bytes]:
    """Give the plain chunks of a content from one on; the stream stands where the content begins.

    Args:
        first: Index of the chunk to begin with.

    Raises:
        SealBrokenError: Altered, cut off, put in another order, or of another content.
    """
    if first:
        stream.seek(first * (CHUNK_BYTES + _OVERHEAD_BYTES), os.SEEK_CUR)
    index = first
    while True:
        header = _take(stream, _HEADER.size)
        (stated,) = _HEADER.unpack(header)
        is_last, size_bytes = bool(stated & _LAST), stated & ~_LAST
        if size_bytes > CHUNK_BYTES or (size_bytes < CHUNK_BYTES and not is_last):
            raise SealBrokenError("sealed content is not in the form it is written in")
        yield sealing.open(index, header, _take(stream, _NONCE_BYTES + size_bytes + _TAG_BYTES))
        if is_last:
            return
        index += 1


def _take(stream: BinaryIO, size_bytes: int) -> bytes:
    taken = stream.read(size_bytes)
    if len(taken) != size_bytes:
        raise SealBrokenError("sealed content ends too early")
    return taken
