"""Frames between the main process and a worker: a length, then msgpack of plain values.

Nothing is ever pickled: bytes from a worker are untrusted, and can only become plain values.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgpack

if TYPE_CHECKING:
    from firstlight.model.ports import Plain

FROM_WORKER_MAX_BYTES = 1 << 26
TO_WORKER_MAX_BYTES = 1 << 30
_LENGTH = struct.Struct(">I")


class FrameError(Exception):
    """Bytes that are no frame of ours; the text holds nothing of them."""


def pack_frame(message: Plain) -> bytes:
    """Return one frame: four bytes of length, then the message."""
    body: bytes = msgpack.packb(message, use_bin_type=True)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into messages.

    Args:
        limit_bytes: Longest body that is accepted.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Plain]:
        """Take bytes in; give the messages that are now whole, those before a fault included.

        Raises:
            FrameError: A frame is too long, or is no msgpack of plain values.
        """
        pending = self._pending
        pending += data
        start = 0
        while len(pending) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(pending, start)
            if length > self._limit_bytes:
                raise FrameError("frame too long")
            end = start + _LENGTH.size + length
            if len(pending) < end:
                break
            yield _unpack(bytes(pending[start + _LENGTH.size : end]))
            start = end
        if start:
            del pending[:start]


def _unpack(body: bytes) -> Plain:
    try:
        return msgpack.unpackb(body, raw=False, strict_map_key=False, ext_hook=_refuse)
    except Exception as error:
        raise FrameError("frame is no msgpack of plain values") from error


def _refuse(_code: int, _data: bytes) -> Plain:
    raise FrameError("frame holds an extension type")
