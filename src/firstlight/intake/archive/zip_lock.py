"""Locked members of a ZIP: the old lock ("ZipCrypto") and WinZip's AES.

Both check a password twice: by one or two bytes before the content, which a wrong password
passes once in 256 or 65,536 times, and by a checksum over all of it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from firstlight.errors import DecodeError, EncryptedError, TruncatedError
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, ExactStream, Tick, Window
from firstlight.intake.archive.zip_directory import ZipEntry, number
from firstlight.native.zipcrypto import ZipKeys

AES_METHOD: Final = 99
IS_LOCKED, IS_STRONGLY_LOCKED = 1, 64
_SIZE_BEHIND: Final = 8
_LEAD_BYTES: Final = 12
_MAC_BYTES: Final = 10
_CHECK_BYTES: Final = 2
_KEY_ROUNDS: Final = 1000
_KEY_BYTES: Final = {1: 16, 2: 24, 3: 32}


class OpenLock(Protocol):
    """A lock under a password that passes its first check."""

    @property
    def is_sealed(self) -> bool:
        """Whether the locked bytes carry a seal of their own."""
        ...

    def unlocked(self) -> ByteStream:
        """Give the plain bytes from the start; a failed seal is an error at their end."""
        ...

    def is_whole(self, tick: Tick) -> bool:
        """Whether the seal over the locked bytes fits."""
        ...


class Lock(Protocol):
    """How a member is locked.

    Args:
        entry: As it is once unlocked: method, size of the packed content, checksum.
    """

    entry: ZipEntry

    def turn(self, password: bytes) -> OpenLock | None:
        """Try a password by the first check; None when it cannot be the one."""
        ...


def is_locked(entry: ZipEntry) -> bool:
    """Whether a member is locked in any way."""
    return bool(entry.flags & (IS_LOCKED | IS_STRONGLY_LOCKED)) or entry.method == AES_METHOD


def lock_of(entry: ZipEntry, data: Window) -> Lock:
    """Find out how a member is locked.

    Args:
        data: Its bytes behind its own header.

    Raises:
        EncryptedError: In a way that is not opened here.
        DecodeError: The description of the lock is damaged.
        TruncatedError: The locked content ends before it begins.
    """
    if entry.flags & IS_STRONGLY_LOCKED:
        raise EncryptedError("the member is encrypted by a method that is not opened")
    if entry.method == AES_METHOD:
        return _AesLock(entry, data)
    return _OldLock(entry, data)


class _OldLock:
    """Twelve bytes of lead, of which the last repeats a byte of the checksum or of the time."""

    def __init__(self, entry: ZipEntry, data: Window) -> None:
        self._lead = data.at(0, _LEAD_BYTES)
        if len(self._lead) < _LEAD_BYTES or entry.packed_bytes < _LEAD_BYTES:
            raise TruncatedError("the archive ends inside a member")
        self.entry = replace(entry, packed_bytes=entry.packed_bytes - _LEAD_BYTES)
        self._body = data.part(_LEAD_BYTES, self.entry.packed_bytes)
        if not entry.has_checksum and entry.method == 0:
            # One byte would be all that speaks for a password.
            raise EncryptedError("the member is encrypted, and its checksum is lost")
        self._checks = {entry.checksum >> 24} if entry.has_checksum else set()
        if entry.flags & _SIZE_BEHIND:
            self._checks.add(entry.clock >> 8)

    def turn(self, password: bytes) -> OpenLock | None:
        keys = ZipKeys(password)
        check = keys.unlock(self._lead)[-1]
        return _OldOpenLock(password, self._lead, self._body) if check in self._checks else None


@dataclass(frozen=True, slots=True)
class _OldOpenLock:
    password: bytes
    lead: bytes
    body: Window
    is_sealed: bool = False

    def unlocked(self) -> ByteStream:
        keys = ZipKeys(self.password)
        keys.unlock(self.lead)
        return _OldStream(self.body.part(0, self.body.size_bytes), keys)

    def is_whole(self, _tick: Tick) -> bool:
        return False


class _OldStream:
    def __init__(self, source: ByteStream, keys: ZipKeys) -> None:
        self._source = source
        self._keys = keys

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        return self._keys.unlock(self._source.read(size_bytes))


class _AesLock:
    """Salt and check bytes before the content, the seal behind it.

    Source: WinZip, "AES Encryption Information", sections II to IV.
    """

    def __init__(self, entry: ZipEntry, data: Window) -> None:
        field = entry.lock
        strength = field[4] if len(field) >= 7 else 0
        if field[2:4] != b"AE" or strength not in _KEY_BYTES:
            raise DecodeError("the description of the member's encryption is damaged")
        self._key_bytes = _KEY_BYTES[strength]
        salt_bytes = self._key_bytes // 2
        before = salt_bytes + _CHECK_BYTES
        size = entry.packed_bytes - before - _MAC_BYTES
        if size < 0 or data.size_bytes < entry.packed_bytes:
            raise TruncatedError("the archive ends inside a member")
        # The second form of the method leaves the checksum out: the seal stands for it.
        has_checksum = entry.has_checksum and (number(field, 0, 2) == 1 or entry.checksum != 0)
        self.entry = replace(
            entry, method=number(field, 5, 2), packed_bytes=size, has_checksum=has_checksum
        )
        self._salt = data.at(0, salt_bytes)
        self._check = data.at(salt_bytes, _CHECK_BYTES)
        self._body = data.part(before, size)
        self._seal = data.at(before + size, _MAC_BYTES)

    def turn(self, password: bytes) -> OpenLock | None:
        width = self._key_bytes
        keys = hashlib.pbkdf2_hmac(
            "sha1", password, self._salt, _KEY_ROUNDS, 2 * width + _CHECK_BYTES
        )
        if keys[2 * width :] != self._check:
            return None
        return _AesOpenLock(keys[:width], keys[width : 2 * width], self._body, self._seal)


@dataclass(frozen=True, slots=True)
class _AesOpenLock:
    key: bytes
    seal_key: bytes
    body: Window
    seal: bytes
    is_sealed: bool = True

    def unlocked(self) -> ByteStream:
        return _AesStream(self.key, self.seal_key, self.body, self.seal)

    def is_whole(self, tick: Tick) -> bool:
        mac = hmac.new(self.seal_key, digestmod="sha1")
        body = self.body.part(0, self.body.size_bytes)
        while data := body.read(CHUNK_BYTES):
            mac.update(data)
            tick()
        return hmac.compare_digest(mac.digest()[:_MAC_BYTES], self.seal)


class _AesStream:
    """AES in counter mode with a little-endian counter from 1, sealed with HMAC-SHA-1."""

    def __init__(self, key: bytes, seal_key: bytes, body: Window, seal: bytes) -> None:
        self._blocks = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
        self._mac = hmac.new(seal_key, digestmod="sha1")
        self._source = ExactStream(body.part(0, body.size_bytes), body.size_bytes)
        self._seal = seal
        self._counter = 1
        self._spare = b""

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            DecodeError: The end is reached, and the seal does not fit.
        """
        data = self._source.read(min(size_bytes, CHUNK_BYTES))
        if not data:
            if not hmac.compare_digest(self._mac.digest()[:_MAC_BYTES], self._seal):
                raise DecodeError("the member's seal does not fit its content")
            return b""
        self._mac.update(data)
        stream = np.frombuffer(self._key_stream(len(data)), dtype=np.uint8)
        return (np.frombuffer(data, dtype=np.uint8) ^ stream).tobytes()

    def _key_stream(self, size_bytes: int) -> bytes:
        count = -(-(size_bytes - len(self._spare)) // 16)
        if count > 0:
            counters = np.zeros((count, 2), dtype="<u8")
            counters[:, 0] = np.arange(self._counter, self._counter + count, dtype=np.uint64)
            self._counter += count
            self._spare += self._blocks.update(counters.tobytes())
        stream, self._spare = self._spare[:size_bytes], self._spare[size_bytes:]
        return stream
