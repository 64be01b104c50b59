"""A list file's bytes: its head to recognise it by, then the whole, as chunks or lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

HEAD_BYTES = 1 << 20
CHUNK_BYTES = 1 << 18
LINE_MAX_BYTES = 1 << 20
TAIL_BYTES = 1 << 14

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
         (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip


class ListStream:
    """One list file, read once from front to back whatever its size.

    Args:
        stream: At its beginning. Where it can be sought in, its end is looked at for what a
            format states there.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._raw_head = _read_fully(stream, HEAD_BYTES)
        self.bom, self.encoding = b"", "utf-8"
        for bom, encoding in _BOMS:
            if self._raw_head.startswith(bom):
                self.bom, self.encoding = bom, encoding
                break
        self.head = _as_text(self._raw_head[len(self.bom) :], self.encoding).encode()
        """The first part as UTF-8 without byte-order mark, for recognition."""

    def tail(self) -> bytes:
        """Return the last part as UTF-8; empty where the stream cannot be sought in."""
        if not self._stream.seekable():
            return b""
        here = self._stream.tell()
        end = self._stream.seek(0, io.SEEK_END)
        self._stream.seek(max(0, end - TAIL_BYTES))
        raw = _read_fully(self._stream, TAIL_BYTES)
        self._stream.seek(here)
        return _as_text(raw, self.encoding).encode()

    def texts(self) -> Iterator[str]:
        """Give the whole file as text; bytes that are no UTF-8 become lone surrogates."""
        errors = "surrogateescape" if self.encoding == "utf-8" else "replace"
        decoder = codecs.getincrementaldecoder(self.encoding)(errors)
        for raw in self._raw_chunks():
            text = decoder.decode(raw)
            if text:
                yield text
        if text := decoder.decode(b"", True):
            yield text

    def lines(self) -> Iterator[tuple[int, str | None]]:
        """Give numbered lines, from 1, with their ends; None for one beyond the bound.

        Each line is UTF-8, or where it is not, cp1252: partners mix both in one file.
        """
        if self.encoding != "utf-8":
            for number, raw in _split(text.encode() for text in self.texts()):
                yield number, None if raw is None else raw.decode()
            return
        for number, raw in _split(self._raw_chunks()):
            if raw is None:
                yield number, None
                continue
            try:
                yield number, raw.decode()
            except UnicodeDecodeError:
                yield number, raw.decode("cp1252", "replace")

    def _raw_chunks(self) -> Iterator[bytes]:
        head = self._raw_head
        for at in range(len(self.bom), len(head), CHUNK_BYTES):
            yield head[at : at + CHUNK_BYTES]
        while chunk := self._stream.read(CHUNK_BYTES):
            yield chunk


def _read_fully(stream: BinaryIO, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _as_text(raw: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(raw)


def _split(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes | None]]:
    number, rest, is_overlong = 0, b"", False
    for chunk in chunks:
        lines = (rest + chunk).splitlines(keepends=True) if rest else chunk.splitlines(True)
        # A lone carriage return at the end may be half of a pair.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        for line in lines:
            number += 1
            yield number, None if is_overlong or len(line) > LINE_MAX_BYTES else line
            is_overlong = False
        if len(rest) > LINE_MAX_BYTES:
            rest, is_overlong = rest[-1:], True
    if rest or is_overlong:
        yield number + 1, None if is_overlong else rest
