"""Decompressors in one form: bytes in, a bounded number of bytes out, and a clear end."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import Any, Final, Protocol

from firstlight.errors import DecodeError, LimitError

XZ_MEMORY_MAX_BYTES: Final = 1 << 28
"""Memory that an LZMA dictionary may ask for."""

ZSTD_WINDOW_MAX_BYTES: Final = 1 << 27
"""Window that a Zstandard frame may ask for (what ``zstd --long=27`` writes)."""

_ZSTD_BLOCK_MAX_BYTES: Final = 1 << 17


class Frame(Protocol):
    """One compressed stream.

    ``wants_input`` says whether ``feed`` can go on without more; ``rest`` holds what
    followed the end.
    """

    wants_input: bool
    is_done: bool
    rest: bytes

    def feed(self, data: bytes, output_max_bytes: int) -> bytes:
        """Take input, give output (Zstandard may give up to one block more than asked)."""
        ...


class DeflateFrame:
    """Deflate, bare or in gzip's wrapping."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._engine = zlib.decompressobj(wbits=31 if is_gzip else -15)
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, output_max_bytes: int) -> bytes:
        """Take input, give output."""
        waiting = self._engine.unconsumed_tail
        output = self._engine.decompress(waiting + data if waiting else data, output_max_bytes)
        self.is_done = self._engine.eof
        self.rest = self._engine.unused_data
        # Output may wait inside although all input is taken.
        self.wants_input = not self._engine.unconsumed_tail and len(output) < output_max_bytes
        return output


class BufferedFrame:
    """bzip2, xz and LZMA, whose decompressors keep their own input."""

    def __init__(self, engine: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._engine = engine
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, output_max_bytes: int) -> bytes:
        """Take input, give output."""
        output = self._engine.decompress(data, output_max_bytes)
        self.is_done = self._engine.eof
        self.rest = self._engine.unused_data
        self.wants_input = self._engine.needs_input
        return output


def bzip2_frame() -> BufferedFrame:
    """Open one bzip2 stream."""
    return BufferedFrame(bz2.BZ2Decompressor())


def xz_frame() -> BufferedFrame:
    """Open one xz stream."""
    return BufferedFrame(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_MAX_BYTES))


def lzma_frame() -> BufferedFrame:
    """Open one LZMA stream with the old header."""
    return BufferedFrame(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=XZ_MEMORY_MAX_BYTES))


class ZstdFrame:
    """One Zstandard frame, fed block by block: no block gives more than 128 KiB.

    The library's own streaming reader takes an early end for an end, and bounds its output
    only by its input; walking the blocks here gives both.
    Source: RFC 8878, sections 3.1.1 and 3.1.2.
    """

    def __init__(self) -> None:
        import zstandard

        decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX_BYTES)
        self._engine: Any = decompressor.decompressobj()
        self._waiting = bytearray()
        self._need = self._read_magic
        self._skip_bytes = 0
        self._has_checksum = False
        self.wants_input = True
        self.is_done = False
        self.rest = b""

    def feed(self, data: bytes, output_max_bytes: int) -> bytes:
        """Take input, give output."""
        self._waiting += data
        parts: list[bytes] = []
        given = 0
        self.wants_input = False
        while given < output_max_bytes and not self.is_done:
            output = self._need()
            if output is None:
                self.wants_input = True
                break
            parts.append(output)
            given += len(output)
        if self.is_done:
            self.rest = bytes(self._waiting)
        return b"".join(parts)

    def _hand_over(self, size_bytes: int) -> bytes:
        unit = bytes(self._waiting[:size_bytes])
        del self._waiting[:size_bytes]
        output: bytes = self._engine.decompress(unit)
        return output

    def _read_magic(self) -> bytes | None:
        if len(self._waiting) < 8:
            return None
        if self._waiting[1:4] == b"\x2a\x4d\x18":
            self._skip_bytes = int.from_bytes(self._waiting[4:8], "little")
            del self._waiting[:8]
            self._need = self._skip
            return b""
        descriptor = self._waiting[4]
        is_single = bool(descriptor & 32)
        content_size_bytes = (int(is_single), 2, 4, 8)[descriptor >> 6]
        header = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3] + content_size_bytes
        if len(self._waiting) < header:
            return None
        if not is_single:
            self._check_window(self._waiting[5])
        self._has_checksum = bool(descriptor & 4)
        self._need = self._read_block
        return self._hand_over(header)

    @staticmethod
    def _check_window(descriptor: int) -> None:
        base = 1 << (10 + (descriptor >> 3))
        if base + (base >> 3) * (descriptor & 7) > ZSTD_WINDOW_MAX_BYTES:
            raise LimitError("decompressing would take more memory than allowed")

    def _skip(self) -> bytes | None:
        taken = min(self._skip_bytes, len(self._waiting))
        del self._waiting[:taken]
        self._skip_bytes -= taken
        self.is_done = self._skip_bytes == 0
        return b"" if self.is_done else None

    def _read_block(self) -> bytes | None:
        if len(self._waiting) < 3:
            return None
        header = int.from_bytes(self._waiting[:3], "little")
        kind, size_bytes = header >> 1 & 3, header >> 3
        if kind == 3 or size_bytes > _ZSTD_BLOCK_MAX_BYTES:
            raise DecodeError("the compressed content is damaged")
        unit = 3 + (1 if kind == 1 else size_bytes)
        if len(self._waiting) < unit:
            return None
        if header & 1:
            self._need = self._read_checksum
        return self._hand_over(unit)

    def _read_checksum(self) -> bytes | None:
        if self._has_checksum:
            if len(self._waiting) < 4:
                return None
            output = self._hand_over(4)
        else:
            output = b""
        self.is_done = True
        return output
