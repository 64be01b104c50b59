"""The headers of tar: old, ustar, GNU and pax, read without trusting them.

Names stay bytes: nothing is decoded, so nothing can be lost.
Source: POSIX.1-2017, pax; the GNU tar manual, "Basic Tar Format" and "Sparse Formats".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from firstlight.errors import DecodeError, LimitError

BLOCK_BYTES: Final = 512

SPARSE_PARTS_MAX: Final = 100_000
"""Pieces of one sparse member that are followed."""

_SIZE_MAX: Final = 1 << 62
_GNU_MAGIC: Final = b"ustar  \x00"


@dataclass(frozen=True, slots=True)
class TarHeader:
    """One header block.

    Args:
        kind: The type flag.
        data_bytes: Size of what follows in the archive.
        name: Prefix and name joined.
        parts: Offset and length of the pieces of an old GNU sparse member.
        has_more_parts: Blocks with further pieces follow.
        real_bytes: Size of an old GNU sparse member with its holes.
    """

    kind: bytes
    data_bytes: int
    name: bytes
    mtime_ns: int | None
    parts: tuple[tuple[int, int], ...] = ()
    has_more_parts: bool = False
    real_bytes: int = 0


@dataclass(slots=True)
class Extension:
    """What extended headers say of the member that follows."""

    name: bytes | None = None
    data_bytes: int | None = None
    mtime_ns: int | None = None
    sparse_name: bytes | None = None
    sparse_bytes: int | None = None
    has_sparse_map_inside: bool = False
    parts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_sparse(self) -> bool:
        """Whether the member that follows is stored without its holes."""
        return self.sparse_bytes is not None


def parse_header(block: bytes) -> TarHeader:
    """Read one header block whose checksum holds.

    Raises:
        DecodeError: A number in it cannot be.
    """
    kind = block[156:157]
    name = _text(block[:100])
    is_gnu = block[257:265] == _GNU_MAGIC
    if block[257:263] == b"ustar\x00" and (prefix := _text(block[345:500])):
        name = prefix + b"/" + name
    size = _number(block[124:136])
    if size is None or not 0 <= size < _SIZE_MAX:
        raise DecodeError("a header in the archive is damaged")
    mtime = _number(block[136:148])
    is_sane_time = mtime is not None and abs(mtime) < 1 << 33
    header = TarHeader(kind, size, name, mtime * 10**9 if mtime and is_sane_time else None)
    if kind != b"S" or not is_gnu:
        return header
    real = _number(block[483:495])
    if real is None or not 0 <= real < _SIZE_MAX:
        raise DecodeError("a header in the archive is damaged")
    return TarHeader(
        kind, size, name, header.mtime_ns, parse_parts(block[386:482]), bool(block[482]), real
    )


def parse_parts(area: bytes) -> tuple[tuple[int, int], ...]:
    """Read the pieces of an old GNU sparse member: 12 bytes of offset and of length each."""
    found = []
    for at in range(0, len(area) - 23, 24):
        offset, length = _number(area[at : at + 12]), _number(area[at + 12 : at + 24])
        if offset is None or length is None or area[at : at + 12] == bytes(12):
            break
        found.append((offset, length))
    return tuple(found)


def parse_pax(data: bytes, into: Extension) -> None:
    """Read the records of a pax header that concern us.

    Raises:
        DecodeError: A record is damaged; those before it are kept.
    Cost: Linear in the header.
    """
    at = 0
    while at < len(data) and data[at] != 0:
        space = data.find(b" ", at, at + 12)
        digits = data[at:space] if space > at else b""
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = data[space + 1 : at + length - 1].partition(b"=")
        if length < 5 or at + length > len(data) or not equals:
            raise DecodeError("an extended header in the archive is damaged")
        _take_record(key, value, into)
        at += length


def _take_record(key: bytes, value: bytes, into: Extension) -> None:
    if key == b"path":
        into.name = value
    elif key == b"size":
        into.data_bytes = _decimal(value)
    elif key == b"mtime":
        into.mtime_ns = _time_ns(value)
    elif key.startswith(b"GNU.sparse."):
        _take_sparse(key[11:], value, into)


def _take_sparse(key: bytes, value: bytes, into: Extension) -> None:
    if key == b"name":
        into.sparse_name = value
    elif key in (b"size", b"realsize"):
        into.sparse_bytes = _decimal(value)
    elif key == b"major":
        into.has_sparse_map_inside = value == b"1"
    elif key == b"map":
        numbers = [_decimal(part) for part in value.split(b",", 2 * SPARSE_PARTS_MAX + 1)]
        into.parts = list(zip(numbers[::2], numbers[1::2], strict=False))
    elif key == b"offset":
        into.parts.append((_decimal(value), 0))
    elif key == b"numbytes" and into.parts:
        into.parts[-1] = (into.parts[-1][0], _decimal(value))
    if len(into.parts) > SPARSE_PARTS_MAX:
        raise LimitError("a sparse member has more pieces than allowed")


def _decimal(value: bytes) -> int:
    number = int(value) if value.isdigit() and len(value) < 20 else -1
    if not 0 <= number < _SIZE_MAX:
        raise DecodeError("an extended header in the archive is damaged")
    return number


def _time_ns(value: bytes) -> int | None:
    seconds, _, fraction = value.partition(b".")
    digits = seconds.removeprefix(b"-")
    if not digits.isdigit() or len(digits) > 10 or (fraction and not fraction.isdigit()):
        return None
    nanoseconds = int(fraction[:9].ljust(9, b"0"))
    total = int(digits) * 10**9 + nanoseconds
    return -total if seconds.startswith(b"-") else total


def _text(area: bytes) -> bytes:
    return area.partition(b"\x00")[0]


def _number(area: bytes) -> int | None:
    """Read a number: octal digits, or base 256 behind a marker bit. None when it is neither."""
    if area[0] & 0x80:
        value = int.from_bytes(area, "big", signed=False) & ~(0x80 << 8 * (len(area) - 1))
        return value if area[0] == 0x80 else value - (1 << (8 * len(area) - 1))
    digits = area.replace(b"\x00", b" ").strip()
    if not digits:
        return 0
    return int(digits, 8) if all(byte in b"01234567" for byte in digits) else None
