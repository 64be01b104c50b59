"""The lock of 7z: AES-256 in CBC mode, with a key that is slow to derive.

Nothing says at once whether a password fits: what it unlocks must decompress, and have the
stated checksum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from firstlight.errors import DecodeError, NotOpenedError
from firstlight.intake.archive.locked import password_text
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, Tick

_CYCLES_MAX: Final = 24
_PLAIN_KEY: Final = 63
_KEYS_HELD: Final = 50_000
_ROUNDS: Final = 4096
_DAMAGED: Final = "the description of the archive's encryption is damaged"

KeyMaker = Callable[["CryptSettings"], bytes]


@dataclass(frozen=True, slots=True)
class CryptSettings:
    """How a folder is locked.

    Args:
        cycles: The key takes two to this power of rounds.
    """

    cycles: int
    salt: bytes
    start: bytes


def parse_settings(settings: bytes) -> CryptSettings:
    """Read how a folder is locked.

    Raises:
        DecodeError: It makes no sense.
        NotOpenedError: It would take more rounds than any program uses.
    """
    if not settings:
        raise DecodeError(_DAMAGED)
    first, second = settings[0], settings[1] if len(settings) > 1 else 0
    has_sizes = bool(first & 0xC0)
    salt_bytes = (first >> 7 & 1) + (second >> 4) if has_sizes else 0
    start_bytes = (first >> 6 & 1) + (second & 15) if has_sizes else 0
    if has_sizes and len(settings) < 2 + salt_bytes + start_bytes:
        raise DecodeError(_DAMAGED)
    cycles = first & 63
    if cycles > _CYCLES_MAX and cycles != _PLAIN_KEY:
        raise NotOpenedError("the archive's encryption is of a kind that is not opened")
    salt, start = settings[2 : 2 + salt_bytes], settings[2 + salt_bytes :][:start_bytes]
    return CryptSettings(cycles, salt, start.ljust(16, b"\0"))


def derive_key(password: bytes, salt: bytes, cycles: int, tick: Tick) -> bytes:
    """Derive the key: SHA-256 over salt, password and a counter, again and again.

    Cost: 2 ** cycles rounds; at the usual 19 some 16 MB of hashing.
    Source: 7z's own code, as documented in 7zAes of the LZMA SDK.
    """
    lead = salt + password_text(password).encode("utf-16-le", "surrogatepass")
    if cycles == _PLAIN_KEY:
        return lead[:32].ljust(32, b"\0")
    rounds = 1 << cycles
    step = min(rounds, _ROUNDS)
    block = np.zeros((step, len(lead) + 8), dtype=np.uint8)
    block[:, : len(lead)] = np.frombuffer(lead, dtype=np.uint8)
    digest = hashlib.sha256()
    for start in range(0, rounds, step):
        counters = np.arange(start, start + step, dtype="<u8")
        block[:, len(lead) :] = counters.view(np.uint8).reshape(step, 8)
        digest.update(block.data)
        if start % (step * 16) == 0:
            tick()
    return digest.digest()


class Keys:
    """Derived keys, so that a password costs once an archive and not once a folder."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._held: dict[tuple[bytes, bytes, int], bytes] = {}

    def of(self, password: bytes, settings: CryptSettings) -> bytes:
        """Give the key of a password."""
        name = (password, settings.salt, settings.cycles)
        key = self._held.get(name)
        if key is None:
            if len(self._held) >= _KEYS_HELD:
                self._held.clear()
            key = self._held[name] = derive_key(*name, self._tick)
        return key

    def maker(self, password: bytes) -> KeyMaker:
        """Give what makes the key of one password for any folder."""
        return partial(self.of, password)


class UnlockedStream:
    """The plain bytes of a locked stream, whole blocks; the last may end in zeros."""

    def __init__(self, source: ByteStream, key: bytes, start: bytes) -> None:
        self._source = source
        self._engine: CipherContext = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
        self._plain = b""

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        while not self._plain:
            data = self._source.read(min(max(size_bytes, 16), CHUNK_BYTES))
            if not data:
                return b""
            self._plain = self._engine.update(data)
        data, self._plain = self._plain[:size_bytes], self._plain[size_bytes:]
        return data


def unlock(key_maker: KeyMaker, source: ByteStream, settings: bytes) -> ByteStream:
    """Make the plain stream of a locked one."""
    parsed = parse_settings(settings)
    return UnlockedStream(source, key_maker(parsed), parsed.start)
