"""The header of a 7z archive: folders (compressed streams) and the files that lie in them.

Our own reader: the header is hostile input of many counts, so nothing is allocated by a stated
count, files are met one by one, and names stay what they are.
Source: 7zFormat.txt of the LZMA SDK.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Final

from firstlight.errors import DecodeError, LimitError, NotOpenedError
from firstlight.intake.archive.sevenzip_scan import DAMAGED, Scan, has_bit
from firstlight.intake.archive.stream import Tick

HEADER, ENCODED_HEADER = 1, 23
_END, _PROPERTIES, _MORE_STREAMS, _STREAMS, _FILES = 0, 2, 3, 4, 5
_PACKED, _UNPACKED, _PARTS, _SIZES, _CHECKSUMS, _FOLDER, _FOLDER_SIZES, _PART_COUNTS = (
    6, 7, 8, 9, 10, 11, 12, 13,
)  # fmt: skip

_CODERS_MAX: Final = 8
_STREAMS_MAX: Final = 32
_STEP: Final = 4096


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of decompression.

    Args:
        method: As the format numbers it, exact bytes.
        settings: What the method needs to know.
    """

    method: bytes
    settings: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """How a folder is packed; most folders of an archive share one.

    Args:
        coders: From the packed bytes to the plain ones; empty where the way is no plain chain
            (programs, whose code is split into four streams).
        order: Which of the folder's stated sizes belongs to each coder; the last is its own.
        size_count: How many sizes are stated.
        stream_count: How many packed streams belong to it.
    """

    coders: tuple[Coder, ...]
    order: tuple[int, ...]
    size_count: int
    stream_count: int


@dataclass(slots=True)
class Folder:
    """One compressed stream with the files in it.

    Args:
        sizes: Bytes after each of the coders.
        checksum: Of the whole; None when it is not stated.
        start: Of its packed bytes, from the end of the archive's first header.
        parts: Sizes of the files in it, in order.
        checksums: Of each; None where it is not stated.
    """

    shape: Shape
    sizes: tuple[int, ...]
    checksum: int | None = None
    start: int = 0
    packed_bytes: int = 0
    parts: array[int] | tuple[int, ...] = ()
    checksums: list[int | None] | tuple[int | None, ...] = ()


@dataclass(slots=True)
class Header:
    """What a header says.

    Args:
        folders: In the order of their packed bytes.
        files: Where the description of the files lies; None when there is none.
    """

    folders: list[Folder] = field(default_factory=list)
    files: Scan | None = None
    file_count: int = 0


def read_header(data: bytes, folders_max: int, tick: Tick) -> Header:
    """Read a whole header.

    Raises:
        DecodeError: It is damaged.
        LimitError: It has too many folders.
        NotOpenedError: It uses what no program writes.
    """
    scan, header = Scan(data), Header()
    if scan.byte() != HEADER:
        raise DecodeError(DAMAGED)
    while (kind := scan.byte()) != _END:
        if kind == _PROPERTIES:
            while scan.byte() != _END:
                scan.take(scan.number())
        elif kind == _MORE_STREAMS:
            raise NotOpenedError("the archive's header is of a kind that is not opened")
        elif kind == _STREAMS:
            header.folders = read_streams(scan, folders_max, tick)
        elif kind == _FILES:
            header.file_count = scan.number()
            header.files = scan
            return header
        else:
            raise DecodeError(DAMAGED)
    return header


def read_streams(scan: Scan, folders_max: int, tick: Tick) -> list[Folder]:
    """Read which folders there are, and where.

    Raises:
        DecodeError: The header is damaged.
        LimitError: There are too many folders.
    """
    start, packed = 0, array("Q")
    folders: list[Folder] = []
    has_parts = False
    while (kind := scan.byte()) != _END:
        tick()
        if kind == _PACKED:
            start, packed = _read_packed(scan)
        elif kind == _UNPACKED:
            folders = _read_folders(scan, folders_max, tick)
        elif kind == _PARTS:
            _read_parts(scan, folders, tick)
            has_parts = True
        else:
            raise DecodeError(DAMAGED)
    streams = 0
    for folder in folders:
        of_folder = packed[streams : streams + folder.shape.stream_count]
        if len(of_folder) != folder.shape.stream_count:
            raise DecodeError(DAMAGED)
        folder.start, folder.packed_bytes = start, sum(of_folder)
        start += folder.packed_bytes
        streams += len(of_folder)
        if not has_parts:
            folder.parts, folder.checksums = (folder.sizes[-1],), (folder.checksum,)
    return folders


def _read_packed(scan: Scan) -> tuple[int, array[int]]:
    start, count = scan.number(), scan.count()
    packed = array("Q")
    while (kind := scan.byte()) != _END:
        if kind == _SIZES:
            packed = array("Q", (scan.number() for _ in range(count)))
        elif kind == _CHECKSUMS:
            _read_checksums(scan, count)
        else:
            raise DecodeError(DAMAGED)
    return start, packed


def _read_checksums(scan: Scan, count: int) -> list[int | None]:
    stated = scan.stated(count)
    if stated is None and count * 4 > scan.left_bytes:
        raise DecodeError(DAMAGED)
    return [
        int.from_bytes(scan.take(4), "little") if has_bit(stated, at) else None
        for at in range(count)
    ]


def _read_folders(scan: Scan, folders_max: int, tick: Tick) -> list[Folder]:
    if scan.byte() != _FOLDER:
        raise DecodeError(DAMAGED)
    count = scan.count()
    if count > folders_max:
        raise LimitError("the archive holds more members than allowed")
    if scan.byte() != 0:
        raise NotOpenedError("the archive's header is of a kind that is not opened")
    known: dict[Shape, Shape] = {}
    shapes: list[Shape] = []
    for at in range(count):
        if at % _STEP == 0:
            tick()
        shape = _read_shape(scan)
        shapes.append(known.setdefault(shape, shape))
    if scan.byte() != _FOLDER_SIZES:
        raise DecodeError(DAMAGED)
    folders = []
    for shape in shapes:
        stated = [scan.number() for _ in range(shape.size_count)]
        folders.append(Folder(shape, tuple(stated[at] for at in shape.order)))
    while (kind := scan.byte()) != _END:
        if kind != _CHECKSUMS:
            raise DecodeError(DAMAGED)
        for folder, checksum in zip(folders, _read_checksums(scan, count), strict=True):
            folder.checksum = checksum
    return folders


def _read_parts(scan: Scan, folders: list[Folder], tick: Tick) -> None:
    """Read how the folders are divided into files."""
    counts = array("Q", [1] * len(folders))
    kind = scan.byte()
    if kind == _PART_COUNTS:
        counts = array("Q", (scan.number() for _ in folders))
        kind = scan.byte()
    if sum(counts) > scan.left_bytes + len(folders):
        raise DecodeError(DAMAGED)
    has_sizes = kind == _SIZES
    for at, (folder, count) in enumerate(zip(folders, counts, strict=True)):
        if at % _STEP == 0:
            tick()
        if count > 1 and not has_sizes:
            raise DecodeError(DAMAGED)
        parts = array("Q", (scan.number() for _ in range(count - 1)))
        if count:
            rest = folder.sizes[-1] - sum(parts)
            if rest < 0:
                raise DecodeError(DAMAGED)
            parts.append(rest)
        folder.parts = parts
    kind = scan.byte() if has_sizes else kind
    unknown = sum(n for f, n in zip(folders, counts, strict=True) if not _is_known(f, n))
    checksums: list[int | None] = [None] * unknown
    while kind != _END:
        if kind != _CHECKSUMS:
            raise DecodeError(DAMAGED)
        checksums = _read_checksums(scan, unknown)
        kind = scan.byte()
    at = 0
    for folder, count in zip(folders, counts, strict=True):
        if _is_known(folder, count):
            folder.checksums = (folder.checksum,)
        else:
            folder.checksums = checksums[at : at + count]
            at += count


def _is_known(folder: Folder, count: int) -> bool:
    return count == 1 and folder.checksum is not None


def _read_shape(scan: Scan) -> Shape:
    coders: list[Coder] = []
    ins = outs = 0
    count = scan.number()
    if not 0 < count <= _CODERS_MAX:
        raise DecodeError(DAMAGED)
    for _ in range(count):
        flags = scan.byte()
        method = scan.take(flags & 15)
        ways = (scan.number(), scan.number()) if flags & 16 else (1, 1)
        settings = scan.take(scan.number()) if flags & 32 else b""
        if flags & 0xC0 or max(ways) > _STREAMS_MAX:
            raise DecodeError(DAMAGED)
        coders.append(Coder(method, settings))
        ins, outs = ins + ways[0], outs + ways[1]
    bound = [(scan.number(), scan.number()) for _ in range(outs - 1)]
    stream_count = ins - len(bound)
    if stream_count < 1:
        raise DecodeError(DAMAGED)
    if stream_count > 1:
        for _ in range(stream_count):
            scan.number()
    if ins == outs == len(coders):
        order = _chain(bound, len(coders))
        return Shape(tuple(coders[at] for at in order), order, outs, stream_count)
    given = {pair[1] for pair in bound}
    main = next((at for at in range(outs) if at not in given), 0)
    return Shape((), (main,), outs, stream_count)


def _chain(bound: list[tuple[int, int]], count: int) -> tuple[int, ...]:
    """Put coders with one way in and one out into the order of decompression.

    Args:
        bound: Pairs: what the first takes in, the second gives out.
    """
    after = {given: taking for taking, given in bound}
    taking = {pair[0] for pair in bound}
    at = next((n for n in range(count) if n not in taking), -1)
    order: list[int] = []
    while 0 <= at < count and at not in order:
        order.append(at)
        at = after.get(at, -1)
    if len(order) != count:
        raise DecodeError(DAMAGED)
    return tuple(order)
