"""The own reader of TIFF and Exif directories: small, bounds-checked, nothing followed twice."""

from __future__ import annotations

import json
import struct
from functools import cache
from importlib.resources import files
from typing import Any

from firstlight.fingerprint.metadata.own_iptc import read_iptc, read_photoshop
from firstlight.fingerprint.metadata.own_view import ByteView, Findings, legacy_text
from firstlight.fingerprint.metadata.own_xmp import read_xmp

_MAGICS = frozenset({42, 0x4F52, 0x5352, 0x55})  # TIFF; Olympus (two) and Panasonic RAW
_DIRECTORIES_MAX = 24
_ENTRIES_MAX = 1000
_CHAIN_MAX = 4
_TEXT_MAX_BYTES = 1 << 16
_BLOCK_MAX_BYTES = 4 << 20
_NUMBERS_MAX = 32

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_POINTERS = {0x8769: "ExifIFD", 0x8825: "GPS", 0xA005: "InteropIFD", 0x014A: "SubIFD"}
_XMP, _IPTC, _PHOTOSHOP, _USER_COMMENT = 0x02BC, 0x83BB, 0x8649, 0x9286
_WIDE_TEXTS = frozenset({0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F})
_ASCII_BLOCKS = frozenset({0x9000, 0xA000})
_GPS_ANGLES = frozenset({2, 4, 20, 22})
_GPS_TIME = 7


@cache
def _names() -> dict[str, dict[int, str]]:
    text = files("firstlight.fingerprint.metadata").joinpath("exif_tags.json").read_text("utf-8")
    tables: dict[str, dict[str, str]] = json.loads(text)
    return {
        table: {int(number, 16): name for number, name in names.items()}
        for table, names in tables.items()
    }


def read_tiff(view: ByteView, found: Findings) -> None:
    """Read every directory of a TIFF structure into tags.

    Args:
        view: Begins at the byte-order mark.
        found: Tags and faults are added here; nothing is raised for what the bytes say.

    Cost: at most 24 directories of 1,000 entries, whatever the bytes say.
    """
    if not found.may_read_block():
        return
    head = view.read(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        found.fault("the Exif header is not one")
        return
    magic, first = struct.unpack(order + "HI", head[2:])
    if magic not in _MAGICS:
        found.fault("the Exif header is of an unknown version")
        return
    _Walk(view, order, found).chain(first)


class _Walk:
    def __init__(self, view: ByteView, order: str, found: Findings) -> None:
        self.view, self.order, self.found = view, order, found
        self.visited: set[int] = set()

    def chain(self, offset: int) -> None:
        """Follow IFD0, IFD1, ... and what each points at."""
        for number in range(_CHAIN_MAX):
            if offset == 0:
                return
            offset = self.directory(offset, f"IFD{number}")

    def directory(self, offset: int, group: str) -> int:
        """Read one directory; return the offset of the next, 0 where there is none."""
        if offset in self.visited or len(self.visited) >= _DIRECTORIES_MAX:
            self.found.fault("an Exif directory is linked more than once, or there are too many")
            return 0
        self.visited.add(offset)
        head = self.view.read(offset, 2)
        if len(head) < 2:
            self.found.fault("an Exif directory lies outside the content")
            return 0
        (stated,) = struct.unpack(self.order + "H", head)
        count = min(stated, _ENTRIES_MAX)
        table = self.view.read(offset + 2, 12 * count)
        if stated > count or len(table) < 12 * count:
            self.found.fault("an Exif directory states more entries than it can hold")
        pointers: list[tuple[str, int]] = []
        for at in range(0, len(table) - 11, 12):
            self.entry(table[at : at + 12], group, pointers)
        for name, target in pointers:
            self.directory(target, name)
        tail = self.view.read(offset + 2 + 12 * stated, 4) if stated == count else b""
        return int(struct.unpack(self.order + "I", tail)[0]) if len(tail) == 4 else 0

    def entry(self, raw: bytes, group: str, pointers: list[tuple[str, int]]) -> None:
        tag, kind, count = struct.unpack(self.order + "HHI", raw[:8])
        size = _SIZES.get(kind, 0) * count
        if size == 0:
            if kind not in _SIZES:
                self.found.fault("an Exif entry is of an unknown type")
            return
        if size <= 4:
            value = ByteView(raw[8 : 8 + size])
        else:
            (offset,) = struct.unpack(self.order + "I", raw[8:12])
            value = self.view.part(offset, size)
            if value.size < size:
                self.found.fault("an Exif value lies outside the content")
                return
        if tag in _POINTERS and kind in {3, 4, 13} and group != "GPS":
            self.point(value, kind, min(count, 8), _POINTERS[tag], pointers)
        elif tag == _XMP and group.startswith("IFD"):
            read_xmp(value.read(0, _BLOCK_MAX_BYTES), self.found)
        elif tag == _IPTC and group.startswith("IFD"):
            read_iptc(value.read(0, _BLOCK_MAX_BYTES), self.found)
        elif tag == _PHOTOSHOP and group.startswith("IFD"):
            read_photoshop(value.read(0, _BLOCK_MAX_BYTES), self.found)
        else:
            table = _names()["GPS" if group == "GPS" else "Exif"]
            name = table.get(tag, f"{'GPS' if group == 'GPS' else 'Exif'}_0x{tag:04x}")
            self.found.add("EXIF", group, name, self.text(tag, kind, count, value, group))

    def point(
        self, value: ByteView, kind: int, count: int, name: str, pointers: list[tuple[str, int]]
    ) -> None:
        targets = self.numbers(kind, count, value)
        for number, target in enumerate(targets if name == "SubIFD" else targets[:1]):
            pointers.append((f"{name}{number or ''}", int(target)))

    def numbers(self, kind: int, count: int, value: ByteView) -> tuple[Any, ...]:
        raw = value.read(0, count * _SIZES[kind])
        count = len(raw) // _SIZES[kind]
        return struct.unpack(f"{self.order}{count}{_CODES[kind]}", raw[: count * _SIZES[kind]])

    def text(self, tag: int, kind: int, count: int, value: ByteView, group: str) -> str:
        if tag in _WIDE_TEXTS and kind in {1, 7}:
            raw = value.read(0, _TEXT_MAX_BYTES)
            return raw[: len(raw) & ~1].decode("utf-16-le", "replace").partition("\x00")[0]
        if kind == 2:
            return legacy_text(value.read(0, _TEXT_MAX_BYTES).partition(b"\x00")[0])
        if kind == 7:
            return self.block(tag, value)
        if kind in {5, 10}:
            return self.ratios(tag, kind, count, value, group)
        shown = self.numbers(kind, min(count, _NUMBERS_MAX), value)
        text = " ".join(f"{number:g}" if kind > 10 else str(number) for number in shown)
        return text if count <= _NUMBERS_MAX else f"{text} [...]"

    def block(self, tag: int, value: ByteView) -> str:
        if tag in _ASCII_BLOCKS:
            return legacy_text(value.read(0, 8))
        if tag == _USER_COMMENT:
            code, raw = value.read(0, 8), value.read(8, _TEXT_MAX_BYTES)
            if code == b"UNICODE\x00":
                wide = "utf-16-le" if self.order == "<" else "utf-16-be"
                return raw[: len(raw) & ~1].decode(wide, "replace").rstrip("\x00")
            return legacy_text(raw.rstrip(b"\x00"))
        return f"(binary, {value.size} bytes)"

    def ratios(self, tag: int, kind: int, count: int, value: ByteView, group: str) -> str:
        shown = min(count, _NUMBERS_MAX)
        raw = value.read(0, 8 * shown)
        parts = struct.unpack(f"{self.order}{len(raw) // 4}{'I' if kind == 5 else 'i'}", raw)
        numbers = [
            parts[at] / parts[at + 1] if parts[at + 1] else None for at in range(0, len(parts), 2)
        ]
        if group == "GPS" and tag in _GPS_ANGLES | {_GPS_TIME}:
            return _sexagesimal(numbers, is_time=tag == _GPS_TIME)
        return " ".join("undef" if number is None else f"{number:.10g}" for number in numbers)


def _sexagesimal(numbers: list[float | None], *, is_time: bool) -> str:
    # Trailing parts may be unset (0/0): degrees with decimals need no minutes.
    if not numbers or numbers[0] is None:
        return "undef"
    first, minutes, seconds = [number or 0.0 for number in [*numbers, 0.0, 0.0][:3]]
    if not is_time:
        return f"{first + minutes / 60 + seconds / 3600:.8f}"
    total = first * 3600 + minutes * 60 + seconds
    if not 0 <= total < 86_401:
        return "undef"
    clock = f"{int(total) // 3600:02d}:{int(total) // 60 % 60:02d}:{int(total) % 60:02d}"
    part = f"{total % 1:.6f}"[2:].rstrip("0")
    return f"{clock}.{part}" if part else clock
