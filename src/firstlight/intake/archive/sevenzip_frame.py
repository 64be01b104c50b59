"""Decompressors that 7z uses and ZIP does not, in the one form of ``frame``.

They are the standard library's, and those that come with py7zr.
"""

from __future__ import annotations

import lzma
from typing import Any, Final

import numpy as np

from firstlight.errors import DecodeError
from firstlight.intake.archive.frame import BufferedFrame, Frame

_DAMAGED: Final = "the compressed content is damaged"


class Deflate64Frame:
    """Deflate64."""

    def __init__(self) -> None:
        import inflate64

        self._engine: Any = inflate64.Inflater()
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, _output_max_bytes: int) -> bytes:
        """Take input, give output: at most some 8 MB from as little input as it is given."""
        output: bytes = self._engine.inflate(data)
        self.is_done = self._engine.eof
        return output


class BrotliFrame:
    """Brotli."""

    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]

        self._engine: Any = brotli.Decompressor()
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, output_max_bytes: int) -> bytes:
        """Take input, give output."""
        output: bytes = self._engine.process(data, output_buffer_limit=output_max_bytes)
        self.is_done = self._engine.is_finished()
        self.wants_input = self._engine.can_accept_more_data()
        return output


class BranchFrame:
    """Undoes what was done to jumps in programs; needs the size to know the end."""

    def __init__(self, name: str, size_bytes: int) -> None:
        import bcj

        self._engine: Any = getattr(bcj, name)(size_bytes)
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, _output_max_bytes: int) -> bytes:
        """Take input, give as much output."""
        output: bytes = self._engine.decode(data)
        return output


class DeltaFrame:
    """Undoes differences: every byte was stored as what it adds to one some way before."""

    def __init__(self, distance: int) -> None:
        self._distance = distance
        self._state = np.zeros(distance, dtype=np.uint8)
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, _output_max_bytes: int) -> bytes:
        """Take input, give as much output."""
        distance, size = self._distance, len(data)
        rows = -(-size // distance)
        block = np.zeros((rows + 1, distance), dtype=np.uint8)
        block[0] = self._state
        block[1:].reshape(-1)[:size] = np.frombuffer(data, dtype=np.uint8)
        plain = np.cumsum(block, axis=0, dtype=np.uint8).reshape(-1)[: distance + size]
        self._state = plain[-distance:].copy()
        return plain[distance:].tobytes()


def lzma2_dictionary_bytes(code: int) -> int:
    """Say how large a dictionary LZMA2 asks for."""
    if code > 40:
        raise DecodeError(_DAMAGED)
    return 0xFFFFFFFF if code == 40 else (2 | code & 1) << (code // 2 + 11)


def lzma_frame(settings: bytes) -> Frame:
    """Open bare LZMA, which knows no end of its own."""
    mixed = settings[0]
    if mixed >= 9 * 5 * 5 or len(settings) < 5:
        raise DecodeError(_DAMAGED)
    step = {
        "id": lzma.FILTER_LZMA1,
        "lc": mixed % 9,
        "lp": mixed // 9 % 5,
        "pb": mixed // 45,
        "dict_size": max(int.from_bytes(settings[1:5], "little"), 4096),
    }
    return BufferedFrame(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[step]))


def lzma2_frame(settings: bytes) -> Frame:
    """Open bare LZMA2."""
    step = {"id": lzma.FILTER_LZMA2, "dict_size": lzma2_dictionary_bytes(settings[0])}
    return BufferedFrame(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[step]))
