"""A bounded view of a content's bytes, and what the own reader finds in it."""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass, field
from typing import Any

from firstlight.fingerprint.metadata.tag import Tag

_FAULTS_MAX = 4
_TAG_COST_CHARS = 64


class ByteView:
    """Bytes, or an open descriptor, read piece by piece; outside of it there is nothing.

    Args:
        content: The bytes, or a descriptor of a regular file (its position is left alone).
        start: Where the view begins.
        size: How long it is; None for all that follows.
    """

    def __init__(
        self, content: bytes | memoryview | int, start: int = 0, size: int | None = None
    ) -> None:
        whole = os.fstat(content).st_size if isinstance(content, int) else len(content)
        self._content = content
        self._start = max(0, min(start, whole))
        left = whole - self._start
        self.size = left if size is None else max(0, min(size, left))

    def read(self, offset: int, count: int) -> bytes:
        """Return at most ``count`` bytes at ``offset``; fewer where the view ends."""
        if offset < 0 or count <= 0 or offset >= self.size:
            return b""
        count = min(count, self.size - offset)
        begin = self._start + offset
        if not isinstance(self._content, int):
            return bytes(self._content[begin : begin + count])
        return os.pread(self._content, count, begin)

    def part(self, offset: int, count: int | None = None) -> ByteView:
        """Return the view of a piece; empty where it lies outside."""
        if offset < 0 or offset > self.size:
            return ByteView(b"")
        left = self.size - offset
        return ByteView(
            self._content, self._start + offset, left if count is None else min(count, left)
        )


@dataclass(slots=True)
class Findings:
    """What the own reader found, good and bad, and how much more it may cost.

    Args:
        tags: In the order met.
        faults: What was broken, safe to log; a broken part hides no other.
        chars_left: Text that may still be kept: values may overlap, so that a small file can
            state gigabytes.
        blocks_left: Blocks (XMP, IPTC, Exif) that may still be read.
        nodes_left: Elements and attributes of XMP that may still be read.
    """

    tags: list[Tag] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    chars_left: int = 8 << 20
    blocks_left: int = 32
    nodes_left: int = 40_000

    def add(self, family: str, group: str, name: str, text: str, structure: Any = None) -> None:
        """Add one tag."""
        self.chars_left -= len(text) + _TAG_COST_CHARS
        if self.chars_left < 0:
            self.fault("the metadata states more text than is read")
            return
        self.tags.append(Tag(family, group, name, text, structure))

    def may_read_block(self) -> bool:
        """Whether one more block may be read."""
        self.blocks_left -= 1
        if self.blocks_left < 0:
            self.fault("the content has too many blocks of metadata")
        return self.blocks_left >= 0

    def fault(self, sentence: str) -> None:
        """Say once what was broken."""
        if sentence not in self.faults and len(self.faults) < _FAULTS_MAX:
            self.faults.append(sentence)


# cp1252, and for the five bytes that it leaves undefined the character of the same number.
_LATIN = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


def legacy_text(raw: bytes) -> str:
    """Decode a text of no stated encoding: UTF-8, else byte for byte as Latin (cp1252)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return codecs.charmap_decode(raw, "strict", _LATIN)[0]
