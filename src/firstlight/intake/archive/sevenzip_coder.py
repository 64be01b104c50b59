"""The steps of decompression in a 7z folder, each a stream over the one before.

The codecs are the standard library's, zstandard's, and those that come with py7zr; py7zr itself
gives a member only whole or pushes it, and bounds neither memory nor output. PPMd is left out:
the one binding there is (pyppmd 1.3) corrupts memory at archives that are sound.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from typing import Final, Protocol

from firstlight.errors import DecodeError, InputError, LimitError, TruncatedError
from firstlight.intake.archive.frame import Frame
from firstlight.intake.archive.inflate import Inflated
from firstlight.intake.archive.sevenzip_frame import (
    BranchFrame,
    BrotliFrame,
    Deflate64Frame,
    DeltaFrame,
    lzma2_dictionary_bytes,
    lzma2_frame,
    lzma_frame,
)
from firstlight.intake.archive.sevenzip_header import Coder
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, Tick

MEMORY_MAX_BYTES: Final = 1 << 29
"""Memory that the dictionaries of one folder may ask for together."""

_INPUT_BYTES: Final = 1 << 16
_DEFLATE64_INPUT_BYTES: Final = 256
_DAMAGED: Final = "the compressed content is damaged"
_BYTES_MAX: Final = 1 << 62

CRYPT: Final = b"\x06\xf1\x07\x01"
_COPY, _DELTA, _LZMA2, _LZMA = b"\x00", b"\x03", b"\x21", b"\x03\x01\x01"
_BROTLI, _DEFLATE64 = b"\x04\xf7\x11\x02", b"\x04\x01\x09"
_INFLATED: Final = {
    b"\x04\x01\x08": "deflate",
    b"\x04\x02\x02": "bzip2",
    b"\x04\xf7\x11\x01": "zstd",
}
_BRANCHES: Final = {
    b"\x03\x03\x01\x03": "BCJDecoder", b"\x04": "BCJDecoder",
    b"\x03\x03\x02\x05": "PPCDecoder", b"\x05": "PPCDecoder",
    b"\x03\x03\x04\x01": "IA64Decoder", b"\x06": "IA64Decoder",
    b"\x03\x03\x05\x01": "ARMDecoder", b"\x07": "ARMDecoder",
    b"\x03\x03\x07\x01": "ARMTDecoder", b"\x08": "ARMTDecoder",
    b"\x03\x03\x08\x05": "SparcDecoder", b"\x09": "SparcDecoder",
}  # fmt: skip


class SizedStream:
    """A step that must give exactly as many bytes as the header states.

    Whatever a decompressor raises at damaged bytes becomes one error here.
    """

    def __init__(self, source: ByteStream, size_bytes: int) -> None:
        self._source = source
        self._left_bytes = size_bytes

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            DecodeError: The compressed content is damaged.
            TruncatedError: It ends too early.
            LimitError: Decompressing takes more memory than allowed.
        """
        size_bytes = min(size_bytes, self._left_bytes)
        if size_bytes <= 0:
            return b""
        try:
            data = self._source.read(size_bytes)
        except InputError:
            raise
        except MemoryError as error:
            raise LimitError("decompressing would take more memory than allowed") from error
        except Exception as error:
            raise DecodeError(_DAMAGED) from error
        if not data:
            raise TruncatedError("the compressed content ends too early")
        self._left_bytes -= len(data)
        return data


class _Framed:
    """A decompressor that takes bytes in and gives bytes out, as a stream."""

    def __init__(
        self, source: ByteStream, frame: Frame, tick: Tick, input_bytes: int = _INPUT_BYTES
    ) -> None:
        self._source = source
        self._frame = frame
        self._tick = tick
        self._input_bytes = input_bytes
        self._output = b""

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        while not self._output:
            if self._frame.is_done:
                return b""
            data = self._source.read(self._input_bytes) if self._frame.wants_input else b""
            self._output = self._frame.feed(data, min(size_bytes, CHUNK_BYTES))
            self._tick()
            if not data and not self._output:
                return b""
        data, self._output = self._output[:size_bytes], self._output[size_bytes:]
        return data


class Unlock(Protocol):
    """Makes the plain stream of a locked one."""

    def __call__(self, source: ByteStream, settings: bytes) -> ByteStream:
        """Unlock a stream."""
        ...


def decompress(
    coders: tuple[Coder, ...],
    sizes: tuple[int, ...],
    packed: ByteStream,
    unlock: Unlock,
    tick: Tick,
) -> ByteStream:
    """Lay the steps of a folder over its packed bytes.

    Args:
        sizes: Bytes after each of the steps.
        unlock: Makes the step of encryption.

    Raises:
        NotOpenedError: A lock of a kind that is not opened here.
        DecodeError: What a method is told makes no sense.
        LimitError: It would take more memory than allowed.
    """
    stream = packed
    if max(sizes) > _BYTES_MAX:
        raise DecodeError(_DAMAGED)
    if sum(_memory_bytes(coder) for coder in coders) > MEMORY_MAX_BYTES:
        raise LimitError("decompressing would take more memory than allowed")
    for coder, size_bytes in zip(coders, sizes, strict=True):
        try:
            step = _step(coder, size_bytes, stream, unlock, tick)
        except (ValueError, IndexError, lzma.LZMAError) as error:
            raise DecodeError(_DAMAGED) from error
        except MemoryError as error:
            raise LimitError("decompressing would take more memory than allowed") from error
        stream = SizedStream(step, size_bytes)
    return stream


def is_known(coders: tuple[Coder, ...]) -> bool:
    """Whether every step is one that is opened here."""
    steps = {CRYPT, _COPY, _DEFLATE64, *_INFLATED, *_FRAMES, *_BRANCHES}
    return bool(coders) and all(coder.method in steps for coder in coders)


def is_compressing(coders: tuple[Coder, ...]) -> bool:
    """Whether damaged or wrongly unlocked bytes would fail to decompress."""
    filters = {_COPY, _DELTA, CRYPT, *_BRANCHES}
    return any(coder.method not in filters for coder in coders)


def _step(
    coder: Coder, size_bytes: int, source: ByteStream, unlock: Unlock, tick: Tick
) -> ByteStream:
    method, settings = coder.method, coder.settings
    if method == CRYPT:
        return unlock(source, settings)
    if method in _INFLATED:
        return Inflated(source, _INFLATED[method], spend=lambda _: None, tick=tick)
    if method == _DEFLATE64:
        return _Framed(source, Deflate64Frame(), tick, _DEFLATE64_INPUT_BYTES)
    if method in _BRANCHES:
        return _Framed(source, BranchFrame(_BRANCHES[method], size_bytes), tick)
    if method in _FRAMES:
        return _Framed(source, _FRAMES[method](settings), tick)
    return source


def _memory_bytes(coder: Coder) -> int:
    settings = coder.settings
    if coder.method == _LZMA:
        return int.from_bytes(settings[1:5], "little")
    if coder.method == _LZMA2:
        return lzma2_dictionary_bytes(settings[0] if settings else 0)
    return 0


_FRAMES: Final[dict[bytes, Callable[[bytes], Frame]]] = {
    _LZMA: lzma_frame,
    _LZMA2: lzma2_frame,
    _BROTLI: lambda _: BrotliFrame(),
    _DELTA: lambda settings: DeltaFrame(settings[0] + 1),
}
