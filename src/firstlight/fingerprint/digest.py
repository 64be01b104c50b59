"""The three digests of one content, taken in one read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from typing import Final

from firstlight.errors import UnreadableError
from firstlight.model.media import Digests

READ_BUFFER_BYTES: Final = 1 << 20
"""Bytes of one read: large enough that system calls cost nothing, small enough for the cache."""


class DigestTaker:
    """Takes the three digests of a content that arrives in pieces."""

    __slots__ = ("_md5", "_sha1", "_sha256", "size_bytes")

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next piece in."""
        self._md5.update(piece)
        self._sha1.update(piece)
        self._sha256.update(piece)
        self.size_bytes += len(piece)

    def finish(self) -> Digests:
        """Give the digests of all the pieces so far."""
        return Digests(
            md5=self._md5.digest(), sha1=self._sha1.digest(), sha256=self._sha256.digest()
        )


def take_digests(chunks: Iterable[bytes | memoryview]) -> Digests:
    """Take MD5, SHA-1 and SHA-256 of a content in one pass.

    Args:
        chunks: The content in order, in pieces of any size.
    """
    taker = DigestTaker()
    for chunk in chunks:
        taker.update(chunk)
    return taker.finish()


def digest_descriptor(
    descriptor: int, *, keep_max_bytes: int, tick: Callable[[], None]
) -> tuple[Digests, int, bytes | None]:
    """Read an open file once: its digests, its size and, when small enough, its bytes.

    Args:
        descriptor: Open for reading; read from its start, its position is left alone.
        keep_max_bytes: Contents up to this size are handed back.
        tick: Called after every read, so that a supervisor sees that work goes on.

    Raises:
        UnreadableError: The source would not give the bytes.
    Cost: One read of the file; memory of at most ``keep_max_bytes`` and one buffer.
    """
    taker = DigestTaker()
    try:
        expected_bytes = os.fstat(descriptor).st_size
        if expected_bytes <= min(keep_max_bytes, READ_BUFFER_BYTES):
            return _digest_small(descriptor, expected_bytes, keep_max_bytes, taker, tick)
        return _digest_large(descriptor, expected_bytes, keep_max_bytes, taker, tick)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "read error"
        raise UnreadableError(f"the file could not be read: {reason}") from error


def _digest_small(
    descriptor: int,
    expected_bytes: int,
    keep_max_bytes: int,
    taker: DigestTaker,
    tick: Callable[[], None],
) -> tuple[Digests, int, bytes | None]:
    # One byte more than the file had: a file that has grown shows itself.
    content = os.pread(descriptor, expected_bytes + 1, 0)
    if len(content) != expected_bytes:
        return _digest_large(descriptor, expected_bytes, keep_max_bytes, taker, tick)
    taker.update(content)
    tick()
    return taker.finish(), taker.size_bytes, content


def _digest_large(
    descriptor: int,
    expected_bytes: int,
    keep_max_bytes: int,
    taker: DigestTaker,
    tick: Callable[[], None],
) -> tuple[Digests, int, bytes | None]:
    kept: list[bytes] | None = [] if expected_bytes <= keep_max_bytes else None
    while piece := os.pread(descriptor, READ_BUFFER_BYTES, taker.size_bytes):
        taker.update(piece)
        if kept is not None:
            kept.append(piece)
            if taker.size_bytes > keep_max_bytes:
                kept = None
        tick()
    content = b"".join(kept) if kept is not None else None
    return taker.finish(), taker.size_bytes, content
