"""Decompressing a stream while it is read: counted, bounded, with an honest end."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from typing import Final

from firstlight.errors import DecodeError, LimitError, TruncatedError
from firstlight.intake.archive.frame import (
    DeflateFrame,
    Frame,
    ZstdFrame,
    bzip2_frame,
    lzma_frame,
    xz_frame,
)
from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, Tick

INPUT_BYTES: Final = 1 << 16

_ZSTD_SKIPPABLE: Final = tuple(bytes((n, 0x2A, 0x4D, 0x18)) for n in range(0x50, 0x60))

# Codec: how to open a stream, how each further one begins, whether zeros may stand between.
_CODECS: Final[dict[str, tuple[Callable[[], Frame], tuple[bytes, ...], bool]]] = {
    "gzip": (lambda: DeflateFrame(is_gzip=True), (b"\x1f\x8b\x08",), True),
    "bzip2": (bzip2_frame, (b"BZh",), False),
    "xz": (xz_frame, (b"\xfd7zXZ\x00",), True),
    "zstd": (ZstdFrame, (b"\x28\xb5\x2f\xfd", *_ZSTD_SKIPPABLE), False),
    "deflate": (lambda: DeflateFrame(is_gzip=False), (), False),
    "lzma": (lzma_frame, (), False),
}


class Inflated:
    """The decompressed form of a stream; streams that follow one another are joined.

    Args:
        codec: A key of the table of codecs.
        spend: Told of every output; may raise ``LimitError``.
    """

    def __init__(
        self, source: ByteStream, codec: str, *, spend: Callable[[int], None], tick: Tick
    ) -> None:
        self._source = source
        self._open_frame, self._magics, self._has_padding = _CODECS[codec]
        self._spend = spend
        self._tick = tick
        self._frame: Frame | None = None
        self._frames_opened = 0
        self._input = b""
        self._output = b""
        self.has_trailing_bytes = False

    def read(self, size_bytes: int, /) -> bytes:
        """Read on.

        Raises:
            DecodeError: The compressed content is damaged.
            TruncatedError: It ends too early.
            LimitError: A bound is exceeded.
        """
        while not self._output:
            if self._frame is None and not self._next_frame():
                return b""
            self._output = self._advance(min(max(size_bytes, 1), CHUNK_BYTES))
            self._tick()
        data, self._output = self._output[:size_bytes], self._output[size_bytes:]
        return data

    def _advance(self, output_max_bytes: int) -> bytes:
        frame = self._frame
        if frame is None:
            return b""
        data = b""
        if frame.wants_input:
            data, self._input = self._input or self._source.read(INPUT_BYTES), b""
            if not data:
                raise TruncatedError("the compressed content ends too early")
        try:
            output = frame.feed(data, output_max_bytes)
        except MemoryError as error:
            raise LimitError("decompressing would take more memory than allowed") from error
        except lzma.LZMAError as error:
            if "emory" in str(error):
                raise LimitError("decompressing would take more memory than allowed") from error
            raise DecodeError("the compressed content is damaged") from error
        except (zlib.error, OSError, ValueError, EOFError) as error:
            raise DecodeError("the compressed content is damaged") from error
        except Exception as error:
            if type(error).__name__ == "ZstdError":
                raise DecodeError("the compressed content is damaged") from error
            raise
        if frame.is_done:
            self._input = frame.rest
            self._frame = None
        self._spend(len(output))
        return output

    def _next_frame(self) -> bool:
        """Open the stream that follows, if one does."""
        if not self._frames_opened or self._magics:
            self._fill(8)
        if not self._magics:
            is_next = self._frames_opened == 0
        elif not self._input:
            is_next = False
        else:
            is_next = self._input.startswith(self._magics)
            self.has_trailing_bytes = not is_next
            if not is_next and not self._frames_opened:
                raise DecodeError("the compressed content is damaged")
        if is_next:
            self._frame = self._open_frame()
            self._frames_opened += 1
        return is_next

    def _fill(self, size_bytes: int) -> None:
        """Have at least so many bytes of input, padding left out; fewer only at the end."""
        while True:
            if self._has_padding and self._frames_opened:
                self._input = self._input.lstrip(b"\x00")
            if len(self._input) >= size_bytes:
                return
            data = self._source.read(INPUT_BYTES)
            if not data:
                return
            self._input += data
            self._tick()
