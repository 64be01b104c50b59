"""The own reader of HEIC and AVIF: the boxes that lead to the Exif and XMP items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firstlight.fingerprint.metadata.own_tiff import read_tiff
from firstlight.fingerprint.metadata.own_view import ByteView, Findings
from firstlight.fingerprint.metadata.own_xmp import read_xmp

_BOXES_MAX = 1000
_ITEMS_MAX = 20_000
_META_MAX_BYTES = 8 << 20
_ITEM_MAX_BYTES = 16 << 20
_READ_ITEMS_MAX = 8
BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
)


class _BrokenBoxError(ValueError):
    """A box does not hold what it states."""


class _Cursor:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        piece = self.raw[self.at : self.at + size]
        if len(piece) < size:
            raise _BrokenBoxError
        self.at += size
        return piece

    def text(self) -> bytes:
        end = self.raw.find(b"\x00", self.at)
        if end < 0:
            raise _BrokenBoxError
        piece, self.at = self.raw[self.at : end], end + 1
        return piece


@dataclass(frozen=True, slots=True)
class _Place:
    construction: int
    extents: tuple[tuple[int, int], ...]


def read_heif(view: ByteView, found: Findings) -> None:
    """Find the Exif and XMP items of a HEIF file and read them."""
    for kind, box in _boxes(view):
        if kind == b"meta":
            if box.size > _META_MAX_BYTES:
                found.fault("the HEIF's table of items is too large")
                return
            try:
                _read_meta(view, box.part(4), found)
            except _BrokenBoxError:
                found.fault("the HEIF's table of items is broken")
            return
    found.fault("the HEIF has no table of items")


def _boxes(view: ByteView) -> Iterator[tuple[bytes, ByteView]]:
    at = 0
    for _ in range(_BOXES_MAX):
        head = view.read(at, 16)
        if len(head) < 8:
            return
        size, begin = int.from_bytes(head[:4], "big"), 8
        if size == 1 and len(head) == 16:
            size, begin = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = view.size - at
        if size < begin:
            return
        yield head[4:8], view.part(at + begin, size - begin)
        at += size


def _read_meta(whole: ByteView, meta: ByteView, found: Findings) -> None:
    parts = dict(_boxes(meta))
    kinds = _item_kinds(parts[b"iinf"]) if b"iinf" in parts else {}
    places = _item_places(parts[b"iloc"]) if b"iloc" in parts else {}
    wanted = [(number, kind) for number, kind in kinds.items() if number in places]
    for number, kind in wanted[:_READ_ITEMS_MAX]:
        source = parts.get(b"idat") if places[number].construction == 1 else whole
        if source is None or places[number].construction > 1:
            continue
        raw = _item_bytes(source, places[number])
        if kind == "xmp":
            read_xmp(raw, found)
        elif len(raw) > 4:
            begin = 4 + int.from_bytes(raw[:4], "big")
            if raw[begin : begin + 6] == b"Exif\x00\x00":
                begin += 6
            read_tiff(ByteView(raw).part(begin), found)


def _item_bytes(source: ByteView, place: _Place) -> bytes:
    raw = b""
    for offset, size in place.extents:
        raw += source.read(offset, min(size or source.size, _ITEM_MAX_BYTES - len(raw)))
    return raw


def _item_kinds(box: ByteView) -> dict[int, str]:
    head = box.read(0, 8)
    if len(head) < 6:
        raise _BrokenBoxError
    begin = 6 if head[0] == 0 else 8
    kinds: dict[int, str] = {}
    for kind, entry in _boxes(box.part(begin)):
        if kind != b"infe":
            continue
        cursor = _Cursor(entry.read(0, 4096))
        version = cursor.number(4) >> 24
        if version < 2:
            continue
        number = cursor.number(2 if version == 2 else 4)
        cursor.take(2)
        item = cursor.take(4)
        if item == b"Exif":
            kinds[number] = "exif"
        elif item == b"mime":
            cursor.text()
            if cursor.text() == b"application/rdf+xml":
                kinds[number] = "xmp"
    return kinds


def _item_places(box: ByteView) -> dict[int, _Place]:
    cursor = _Cursor(box.read(0, _META_MAX_BYTES))
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in {1, 2} else 0
    count = cursor.number(2 if version < 2 else 4)
    places: dict[int, _Place] = {}
    extents_left = _ITEMS_MAX
    for _ in range(min(count, _ITEMS_MAX)):
        number = cursor.number(2 if version < 2 else 4)
        construction = cursor.number(2) & 15 if version in {1, 2} else 0
        cursor.take(2)
        base = cursor.number(base_size)
        extents: list[tuple[int, int]] = []
        extent_count = cursor.number(2)
        extents_left -= extent_count
        if extents_left < 0:
            raise _BrokenBoxError
        for _ in range(extent_count):
            cursor.take(index_size)
            offset = base + cursor.number(offset_size)
            extents.append((offset, cursor.number(length_size)))
        places[number] = _Place(construction, tuple(extents))
    return places
