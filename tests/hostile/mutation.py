"""Turns a good file into a bad one: pure, seeded, each change a small named function.

A mutant is named by its sample and a number; the same name gives the same bytes, as long as the
samples are the same.
"""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

HEAD_BYTES = 512
BLOCK_MAX_BYTES = 4096
GROWTH_MAX_BYTES = 1 << 20
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NUMBERS = (b"0", b"-1", b"2147483648", b"4294967295", b"18446744073709551616", b"9" * 40)
RESEAL_CHANCE = 0.4
SOMETHING = re.compile(rb"[^\x00]")

Change = Callable[[bytearray, random.Random, bytes], bytearray]


@dataclass(frozen=True)
class Mutant:
    """One bad file.

    Args:
        changes: What was done to it, in order.
    """

    sample: str
    number: int
    changes: tuple[str, ...]
    content: bytes


def mutate(samples: Mapping[str, bytes], sample: str, number: int, seed: int) -> Mutant:
    """Make one mutant of a sample."""
    chance = random.Random(f"{seed}:{sample}:{number}")
    content = bytearray(samples[sample])
    changes = []
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        name = chance.choice(sorted(CHANGES))
        other = samples[chance.choice(sorted(samples))]
        content = CHANGES[name](content, chance, other)
        changes.append(name)
    if chance.random() < RESEAL_CHANCE:
        content = reseal(content)
        changes.append("reseal")
    return Mutant(sample, number, tuple(changes), bytes(content))


def _place(content: bytearray, chance: random.Random) -> int:
    """Choose a place; heads and tails decide more than the middle."""
    size = max(1, len(content))
    span = min(size, HEAD_BYTES)
    where = chance.random()
    if where < 0.4:
        return chance.randrange(span)
    if where < 0.6:
        return size - 1 - chance.randrange(span)
    # Most of a disk is empty: what is not, is hit half of the time.
    place = chance.randrange(size)
    used = SOMETHING.search(content, place) if where < 0.8 else None
    return used.start() if used else place


def _block(content: bytearray, chance: random.Random) -> slice:
    start = _place(content, chance)
    return slice(start, start + chance.randrange(1, BLOCK_MAX_BYTES))


def flip_bits(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Flip a few bits."""
    for _ in range(chance.choice((1, 4, 30)) if content else 0):
        content[_place(content, chance) % len(content)] ^= 1 << chance.randrange(8)
    return content


def cut_off(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """End too early."""
    return content[: _place(content, chance)]


def cut_out(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Lose a block."""
    del content[_block(content, chance)]
    return content


def double_block(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Repeat a block, sometimes many times."""
    block = _block(content, chance)
    times = chance.choice((1, 1, 2, 50))
    content[block.stop : block.stop] = (content[block] * times)[:GROWTH_MAX_BYTES]
    return content


def move_block(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Put a block somewhere else."""
    block = _block(content, chance)
    moved = content[block]
    del content[block]
    place = _place(content, chance)
    content[place:place] = moved
    return content


def blank_block(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Overwrite a block with one byte."""
    block = _block(content, chance)
    content[block] = chance.choice((b"\x00", b"\xff", b" ")) * len(content[block])
    return content


def grow_field(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Make fields that may be lengths or offsets extreme, or a little wrong."""
    for _ in range(chance.choice((1, 3))):
        form = chance.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
        width = struct.calcsize(form)
        if len(content) < width:
            break
        place = min(_place(content, chance), len(content) - width)
        (value,) = struct.unpack_from(form, content, place)
        value = chance.choice((*EXTREMES, value + 1, value - 1, value << 4, len(content), place))
        struct.pack_into(form, content, place, value % (1 << (8 * width)))
    return content


def grow_number(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Make a number that is written out extreme."""
    found = list(re.finditer(rb"\d+", content[:100_000]))
    if not found:
        return grow_field(content, chance, other)
    number = chance.choice(found)
    content[number.start() : number.end()] = chance.choice(NUMBERS)
    return content


def swap_head(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Carry the head of another kind."""
    size = chance.choice((4, 16, 64, HEAD_BYTES))
    content[:size] = other[:size]
    return content


def splice(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Go on as another file."""
    start = chance.randrange(max(1, len(other)))
    return content[: _place(content, chance)] + other[start : start + GROWTH_MAX_BYTES]


def put_in(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Hold a piece of another file, or noise."""
    start = chance.randrange(max(1, len(other)))
    piece = chance.choice((other[start : start + BLOCK_MAX_BYTES], chance.randbytes(64)))
    place = _place(content, chance)
    content[place:place] = piece
    return content


def write_over(content: bytearray, chance: random.Random, other: bytes) -> bytearray:
    """Write a copy of one place over another, so that structures point to themselves."""
    block = _block(content, chance)
    piece = content[block][:128]
    place = _place(content, chance)
    content[place : place + len(piece)] = piece
    return content


CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        flip_bits, cut_off, cut_out, double_block, move_block, blank_block, grow_field,
        grow_number, swap_head, splice, put_in, write_over,
    )
}  # fmt: skip


def reseal(content: bytearray) -> bytearray:
    """Make the checks of a format right again, so that what lies behind them is reached."""
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return _reseal_png(content)
    if content[257:262] == b"ustar":
        return _reseal_tar(content)
    if content[:6] == b"7z\xbc\xaf\x27\x1c":
        return _reseal_7z(content)
    if content[:3] in (b"EVF", b"LVF"):
        return _reseal_ewf(content)
    return content


def _reseal_png(content: bytearray) -> bytearray:
    at = 8
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if end + 4 > len(content):
            break
        struct.pack_into(">I", content, end, zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return content


def _reseal_tar(content: bytearray) -> bytearray:
    for at in range(0, len(content) - 511, 512):
        if content[at + 257 : at + 262] == b"ustar":
            content[at + 148 : at + 156] = b" " * 8
            content[at + 148 : at + 156] = b"%06o\x00 " % sum(content[at : at + 512])
    return content


def _reseal_7z(content: bytearray) -> bytearray:
    if len(content) >= 32:
        start, size = struct.unpack_from("<QQ", content, 12)
        if 32 + start + size <= len(content):
            header = content[32 + start : 32 + start + size]
            struct.pack_into("<I", content, 28, zlib.crc32(header))
        struct.pack_into("<I", content, 8, zlib.crc32(content[12:32]))
    return content


def _reseal_ewf(content: bytearray) -> bytearray:
    at = 13
    while at + 76 <= len(content):
        struct.pack_into("<I", content, at + 72, zlib.adler32(content[at : at + 72]))
        (next_at,) = struct.unpack_from("<Q", content, at + 16)
        if next_at <= at:
            break
        at = next_at
    return content
