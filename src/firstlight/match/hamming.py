"""Hamming distance on 256-bit codes: the obvious reference, and packing into words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError

CODE_BYTES = 32
CODE_BITS = 256
WORDS = 4


def within(
    query: NDArray[np.uint64], corpus: NDArray[np.uint64], radius_bits: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Find the stored hashes within a Hamming radius of one hash.

    Args:
        query: One 256-bit hash.
        corpus: Hashes to search; read only.
        radius_bits: Inclusive radius, 0 to 256 bits.
    Shapes: query (4,) uint64, big-endian words; corpus (n, 4) uint64, C order;
        result rows (k,) int64 ascending, distances (k,) uint16 in bits.
    Raises:
        FingerprintShapeError: A shape or dtype differs.
    Cost: O(n), one pass over the corpus.
    Evidence: A hit is a lead. By itself it grades nothing.
    Source: PDQ, section on matching thresholds.
    """
    check_words(query[None] if query.ndim == 1 else query)
    check_words(corpus)
    check_radius(radius_bits)
    if query.ndim != 1:
        raise FingerprintShapeError("one hash is (4,) uint64")
    distances = np.bitwise_count(corpus ^ query).sum(axis=1, dtype=np.uint16)
    rows = np.flatnonzero(distances <= radius_bits).astype(np.int64)
    return rows, distances[rows]


def distance(a: bytes, b: bytes) -> int:
    """Count the bits in which two codes differ.

    Raises:
        FingerprintShapeError: A code is not 32 bytes.
    """
    if len(a) != CODE_BYTES or len(b) != CODE_BYTES:
        raise FingerprintShapeError(f"a code is {CODE_BYTES} bytes")
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def pack_codes(codes: Sequence[bytes]) -> NDArray[np.uint64]:
    """Turn codes of 32 bytes into rows of four words, the first byte in the highest place.

    Shapes: result (n, 4) uint64, C order.
    Raises:
        FingerprintShapeError: A code is not 32 bytes.
    """
    if any(len(code) != CODE_BYTES for code in codes):
        raise FingerprintShapeError(f"a code is {CODE_BYTES} bytes")
    words = np.frombuffer(b"".join(codes), dtype=">u8").astype(np.uint64)
    return words.reshape(len(codes), WORDS)


def unpack_codes(words: NDArray[np.uint64]) -> list[bytes]:
    """Turn rows of four words back into codes of 32 bytes.

    Shapes: words (n, 4) uint64.
    Raises:
        FingerprintShapeError: A shape or dtype differs.
    """
    check_words(words)
    text = words.astype(">u8").tobytes()
    return [text[at : at + CODE_BYTES] for at in range(0, len(text), CODE_BYTES)]


def check_words(words: NDArray[np.uint64]) -> None:
    """Refuse anything but rows of four words.

    Raises:
        FingerprintShapeError: A shape or dtype differs.
    """
    if words.ndim != 2 or words.shape[1] != WORDS or words.dtype != np.uint64:
        raise FingerprintShapeError("codes are (n, 4) uint64")


def check_radius(radius_bits: int) -> None:
    """Refuse a radius that no two codes can have.

    Raises:
        FingerprintShapeError: It is not within 0 to 256.
    """
    if not 0 <= radius_bits <= CODE_BITS:
        raise FingerprintShapeError(f"a radius is 0 to {CODE_BITS} bits")
