"""Contents of mail parts, decoded while they are read: base64 and quoted-printable."""

from __future__ import annotations

import binascii
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from firstlight.intake.archive.stream import CHUNK_BYTES, ByteStream, Window

_NO_BASE64: Final = bytes(
    byte
    for byte in range(256)
    if byte not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
)
_LONG_LINE_BYTES: Final = 1 << 16


class _Decoded(ABC):
    """A content that is decoded piece by piece while it is read.

    Args:
        spend: Told of every output; may raise ``LimitError``.
    """

    def __init__(self, window: Window, spend: Callable[[int], None]) -> None:
        self._window = window
        self._spend = spend
        self._waiting = b""
        self._output = b""
        self._is_done = False

    def read(self, size_bytes: int, /) -> bytes:
        """Read on."""
        while not self._output and not self._is_done:
            self._advance()
        data, self._output = self._output[:size_bytes], self._output[size_bytes:]
        return data

    @abstractmethod
    def _advance(self) -> None:
        """Decode the next piece into ``_output``; say when it was the last."""


class Base64Stream(_Decoded):
    """The decoded form of base64; what follows the padding is no part of it."""

    def _advance(self) -> None:
        raw = self._window.read(CHUNK_BYTES)
        text = self._waiting + raw.translate(None, _NO_BASE64)
        end = text.find(b"=")
        if end >= 0 or not raw:
            self._is_done = True
            text = text[:end] if end >= 0 else text
            rest = len(text) % 4
            text = text[:-1] if rest == 1 else text + b"=" * (-rest % 4)
            self._waiting = b""
        else:
            whole = len(text) - len(text) % 4
            text, self._waiting = text[:whole], text[whole:]
        self._output = binascii.a2b_base64(text)
        self._spend(len(self._output))


class QuotedStream(_Decoded):
    """The decoded form of quoted-printable."""

    def _advance(self) -> None:
        raw = self._window.read(CHUNK_BYTES)
        text = self._waiting + raw
        cut = len(text)
        if raw:
            cut = text.rfind(b"\n") + 1
            if not cut and len(text) > _LONG_LINE_BYTES:
                # No line end in sight: cut where no code of three characters is split.
                cut = len(text) - 3
                cut = text.rfind(b"=", cut) if b"=" in text[cut:] else len(text)
        self._is_done = not raw
        text, self._waiting = text[:cut], text[cut:]
        self._output = binascii.a2b_qp(text)
        self._spend(len(self._output))


def open_transfer(encoding: str, window: Window, spend: Callable[[int], None]) -> ByteStream:
    """Open a part's content by the name of its transfer encoding; unknown ones as they are."""
    part = window.part(0, window.size_bytes)
    if encoding == "base64":
        return Base64Stream(part, spend)
    if encoding == "quoted-printable":
        return QuotedStream(part, spend)
    return part
