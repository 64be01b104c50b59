"""The own reader of PNG and WebP: the chunks that carry Exif, XMP and texts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from firstlight.fingerprint.metadata.own_tiff import read_tiff
from firstlight.fingerprint.metadata.own_view import ByteView, Findings
from firstlight.fingerprint.metadata.own_xmp import read_xmp

_CHUNKS_MAX = 100_000
_TEXTS_MAX = 200
_TEXT_MAX_BYTES = 1 << 20
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_NAMES = {
    "Software": "Software",
    "Author": "Author",
    "Artist": "Artist",
    "Creation Time": "CreationTime",
    "create-date": "CreateDate",
    "Copyright": "Copyright",
    "Comment": "Comment",
    "Description": "Description",
    "Source": "Source",
    "Title": "Title",
}


def read_png(view: ByteView, found: Findings) -> None:
    """Read the texts, the time, Exif and XMP of a PNG."""
    at, texts = 8, 0
    for _ in range(_CHUNKS_MAX):
        head = view.read(at, 8)
        if len(head) < 8:
            found.fault("the PNG ends before its end chunk")
            return
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        data = view.part(at + 8, size)
        if kind == b"IEND":
            return
        if kind == b"eXIf":
            read_tiff(data, found)
        elif kind == b"tIME" and data.size == 7:
            raw = data.read(0, 7)
            found.add("PNG", "PNG", "ModifyDate", _stamp(raw))
        elif kind in {b"tEXt", b"zTXt", b"iTXt"} and texts < _TEXTS_MAX:
            texts += 1
            _text_chunk(kind, data.read(0, 4 * _TEXT_MAX_BYTES), found)
        at += 12 + size
    found.fault("the PNG has too many chunks")


def _stamp(raw: bytes) -> str:
    year = int.from_bytes(raw[:2], "big")
    month, day, hour, minute, second = raw[2:]
    return f"{year:04d}:{month:02d}:{day:02d} {hour:02d}:{minute:02d}:{second:02d}"


def _text_chunk(kind: bytes, raw: bytes, found: Findings) -> None:
    keyword, mark, rest = raw.partition(b"\x00")
    if not mark:
        return
    if kind == b"zTXt":
        rest = _inflate(rest[1:], found)
    elif kind == b"iTXt":
        is_compressed = rest[:1] == b"\x01"
        _, _, after = rest[2:].partition(b"\x00")
        _, _, rest = after.partition(b"\x00")
        rest = _inflate(rest, found) if is_compressed else rest
    if keyword == _XMP_KEYWORD:
        read_xmp(rest, found)
        return
    name = keyword.decode("latin-1")
    text = rest.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")
    found.add("PNG", "PNG", _NAMES.get(name, name[:1].upper() + name[1:79]), text)


def _inflate(raw: bytes, found: Findings) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(raw, _TEXT_MAX_BYTES)
    except zlib.error:
        found.fault("a compressed text of the PNG is broken")
        return b""
    if inflater.unconsumed_tail:
        found.fault("a compressed text of the PNG is too large")
    return text


def read_webp(view: ByteView, found: Findings) -> None:
    """Read Exif and XMP of a WebP."""
    for kind, data in _riff(view):
        if kind == b"EXIF":
            begin = 6 if data.read(0, 6) == b"Exif\x00\x00" else 0
            read_tiff(data.part(begin), found)
        elif kind == b"XMP ":
            read_xmp(data.read(0, data.size), found)


def _riff(view: ByteView) -> Iterator[tuple[bytes, ByteView]]:
    at = 12
    for _ in range(_CHUNKS_MAX):
        head = view.read(at, 8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        yield head[:4], view.part(at + 8, size)
        at += 8 + size + size % 2
