"""The program with its seals taken off, to measure what sealing costs: for nothing else."""

from __future__ import annotations

from hashlib import sha256

from firstlight.cli.main import run
from firstlight.vault import sealing

_NOTHING = bytes(sealing.NONCE_SIZE_BYTES), bytes(sealing.TAG_SIZE_BYTES)


def _seal(_key: object, _context: bytes, plain: bytes) -> bytes:
    return sealing.SEAL_VERSION + _NOTHING[0] + plain + _NOTHING[1]


def _open(_key: object, _context: bytes, sealed: bytes) -> bytes:
    return sealed[1 + sealing.NONCE_SIZE_BYTES : -sealing.TAG_SIZE_BYTES]


def _hash(_key: object, _use: str, value: bytes) -> bytes:
    return sha256(value).digest()


if __name__ == "__main__":
    sealing.SealingKey.seal = _seal  # type: ignore[method-assign,assignment]
    sealing.SealingKey.open = _open  # type: ignore[method-assign,assignment]
    sealing.SealingKey.mac = _hash  # type: ignore[method-assign,assignment]
    run()
