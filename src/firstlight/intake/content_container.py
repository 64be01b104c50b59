"""Telling containers apart: archives, compound documents, disk images.

Each probe takes head, tail and size of a content and names its type, or None.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_OFFICE_FOLDERS: Final = (
    (b"word/", _OOXML + "wordprocessingml.document"),
    (b"xl/", _OOXML + "spreadsheetml.sheet"),
    (b"ppt/", _OOXML + "presentationml.presentation"),
    (b"visio/", "application/vnd.ms-visio.drawing"),
)
_OLE_STREAMS: Final = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("__substg1.0_", "application/vnd.ms-outlook"),
    ("Catalog", "application/x-ole-thumbnails"),
)
_RAW_DISK: Final = "application/x-raw-disk-image"
_DISK_MARKS: Final = (
    (3, b"NTFS    ", _RAW_DISK),
    (3, b"EXFAT   ", _RAW_DISK),
    (82, b"FAT32   ", _RAW_DISK),
    (54, b"FAT16   ", _RAW_DISK),
    (54, b"FAT12   ", _RAW_DISK),
    (512, b"EFI PART", _RAW_DISK),
    (4096, b"EFI PART", _RAW_DISK),
    (32, b"NXSB", _RAW_DISK),
    (0, b"XFSB", _RAW_DISK),
    (1024, b"H+\x00\x04", _RAW_DISK),
    (1024, b"HX\x00\x05", _RAW_DISK),
    (1024, b"\x10\x20\xf5\xf2", _RAW_DISK),
    (512, b"LABELONE", _RAW_DISK),
    (32769, b"CD001", "application/x-iso9660-image"),
    (32769, b"BEA01", "application/x-iso9660-image"),
)
_STATED_TYPES: Final = ("application/epub+zip", "application/vnd.oasis.opendocument")
_ZIP_NAMES_MAX: Final = 64
_REPORT_LOOKED_AT_BYTES: Final = 1 << 12
_ANDROID_SLOTS: Final = (10_000, 17_000)


def probe_zip(head: bytes, tail: bytes, _size_bytes: int) -> str:
    """Tell documents, applications and reports inside ZIP from a plain archive.

    By their first members; what is not surely one of those is an archive, and will be opened.
    """
    start = head.find(b"PK\x03\x04")
    entries = list(_local_entries(head, start))
    names = {name for name, _ in entries} | set(_directory_names(tail))
    first, content = entries[0] if entries else (b"", b"")
    if first == b"mimetype":
        stated = (mime for mime in _STATED_TYPES if content.startswith(mime.encode()))
        return next(stated, "application/zip")
    if b"[Content_Types].xml" in names:
        for folder, mime in _OFFICE_FOLDERS:
            if any(name.startswith(folder) for name in names) or b"\x00" + folder in head:
                return mime
    if b"report.xml" in names and _is_phone_report(head):
        return "application/x-ufdr+zip"
    return _program_or_image(first, names) or "application/zip"


def _program_or_image(first: bytes, names: set[bytes]) -> str | None:
    if b"AndroidManifest.xml" in names and (b"classes.dex" in names or b"resources.arsc" in names):
        return "application/vnd.android.package-archive"
    if first in (b"META-INF/", b"META-INF/MANIFEST.MF"):
        return "application/java-archive"
    if first in (b"container.description", b"version.txt") and b"container.description" in names:
        return "application/x-aff4"
    return None


def _is_phone_report(head: bytes) -> bool:
    """Whether the report.xml in reach begins as Cellebrite's reader writes it."""
    at = head.find(b"PK\x03\x04")
    while at >= 0:
        sizes = [int.from_bytes(head[at + n : at + n + 2], "little") for n in (26, 28)]
        if head[at + 30 : at + 30 + sizes[0]] == b"report.xml":
            data = head[at + 30 + sum(sizes) :][:_REPORT_LOOKED_AT_BYTES]
            if head[at + 8 : at + 10] == b"\x08\x00":
                try:
                    data = zlib.decompressobj(-15).decompress(data, _REPORT_LOOKED_AT_BYTES)
                except zlib.error:
                    return False
            return b"cellebrite.com/report" in data[:_REPORT_LOOKED_AT_BYTES]
        at = head.find(b"PK\x03\x04", at + 4)
    return False


def _local_entries(head: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    """Walk local headers as far as their sizes are stated: name, first stored bytes."""
    for _ in range(_ZIP_NAMES_MAX):
        if at < 0 or head[at : at + 4] != b"PK\x03\x04" or at + 30 > len(head):
            return
        flags = int.from_bytes(head[at + 6 : at + 8], "little")
        packed = int.from_bytes(head[at + 18 : at + 22], "little")
        name_size = int.from_bytes(head[at + 26 : at + 28], "little")
        extra_size = int.from_bytes(head[at + 28 : at + 30], "little")
        data = at + 30 + name_size + extra_size
        yield head[at + 30 : at + 30 + name_size], head[data : data + 64]
        is_unstated = flags & 8 and packed == 0
        at = head.find(b"PK\x03\x04", data) if is_unstated else data + packed


def _directory_names(tail: bytes) -> Iterator[bytes]:
    """Names of the central directory as far as it lies in the tail."""
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        return
    size = int.from_bytes(tail[end + 12 : end + 16], "little")
    at = end - size if size <= end else tail.find(b"PK\x01\x02")
    for _ in range(_ZIP_NAMES_MAX):
        if at < 0 or tail[at : at + 4] != b"PK\x01\x02" or at + 46 > len(tail):
            return
        sizes = [int.from_bytes(tail[at + n : at + n + 2], "little") for n in (28, 30, 32)]
        yield tail[at + 46 : at + 46 + sizes[0]]
        at += 46 + sum(sizes)


def probe_tar(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Know tar (old, ustar, GNU, pax) by the checksum of its first header."""
    return "application/x-tar" if is_tar_header(head[:512]) else None


def is_tar_header(block: bytes) -> bool:
    """Whether a block of 512 bytes carries a tar header's checksum."""
    if len(block) < 512 or block[0] == 0:
        return False
    digits = block[148:156].strip(b" \x00")
    if not digits or len(digits) > 7 or any(byte not in b"01234567" for byte in digits):
        return False
    rest = block[:148] + b" " * 8 + block[156:512]
    unsigned = sum(rest)
    signed = unsigned - 256 * sum(byte > 127 for byte in rest)
    return int(digits, 8) in (unsigned, signed)


def probe_bzip2(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept bzip2 with a block (or the end mark of an empty stream) after its header."""
    marks = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    is_sane = head[3:4] in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9")
    return "application/x-bzip2" if is_sane and head[4:10] in marks else None


def probe_zstd_skippable(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept a skippable frame when a Zstandard frame follows it."""
    length = int.from_bytes(head[4:8], "little")
    follower = head[8 + length : 12 + length]
    return "application/zstd" if follower == b"\x28\xb5\x2f\xfd" else None


def probe_arj(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept ARJ with a sane main header."""
    is_sane = len(head) >= 11 and 26 <= head[4] <= 64 and head[10] == 2
    return "application/x-arj" if is_sane else None


def probe_lha(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept LHA with a whole method name such as ``-lh5-``."""
    return "application/x-lzh-compressed" if head[6:7] == b"-" and head[0:1] != b"-" else None


def probe_lzma(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept bare LZMA with a dictionary that is a power of two and a sane size."""
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    is_power = dictionary >= 4096 and dictionary & (dictionary - 1) == 0
    is_sane = len(head) >= 14 and is_power and (size == 2**64 - 1 or size < 1 << 40)
    return "application/x-lzma" if is_sane and head[13] == 0 else None


def probe_ole(head: bytes, tail: bytes, _size_bytes: int) -> str:
    """Tell compound documents apart by the stream names in reach."""
    for name, mime in _OLE_STREAMS:
        wide = name.encode("utf-16-le")
        closed = wide if name.startswith("__") else wide + b"\x00\x00"
        if closed in head or closed in tail:
            return mime
    return "application/x-ole-storage"


def probe_sqlite(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Know the index of macOS' thumbnails by its table; other databases stay databases."""
    is_index = b"bitmapdata_location" in head and b"thumbnails" in head
    return "application/x-apple-thumbnails" if is_index else "application/vnd.sqlite3"


def probe_late_pdf(head: bytes, tail: bytes, _size_bytes: int) -> str | None:
    """Know a PDF that begins a little late, as behind the lines of a gateway."""
    is_pdf = head.find(b"%PDF-1.", 0, 1024) >= 0 and b"%%EOF" in tail
    return "application/pdf" if is_pdf else None


def probe_android_thumbnails(head: bytes, tail: bytes, _size_bytes: int) -> str | None:
    """Know ``.thumbdata``: a filled slot near the start, or a hole there and a JPEG's end."""
    mime = "application/x-android-thumbnails"
    for slot in _ANDROID_SLOTS:
        for at in range(0, len(head) - 16, slot):
            is_filled = head[at] == 1 and head[at + 13 : at + 16] == b"\xff\xd8\xff"
            if is_filled and 0 < int.from_bytes(head[at + 9 : at + 13], "big") < slot:
                return mime
    is_hole = len(head) >= 1 << 16 and not any(head)
    return mime if is_hole and tail.endswith(b"\xff\xd9") else None


def probe_windows_program(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept "MZ" with a sane header: two letters are too little."""
    is_sane = len(head) >= 64 and int.from_bytes(head[8:10], "little") >= 2
    return "application/vnd.microsoft.portable-executable" if is_sane else None


def probe_font(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept a TrueType font with a sane count of tables."""
    count = int.from_bytes(head[4:6], "big")
    return "font/sfnt" if 3 < count < 64 and head[12:16].strip().isalnum() else None


def probe_ewf(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Tell the first segment of an EnCase image from a further one, by its number."""
    is_second_format = head.startswith(b"EVF2")
    number = head[12:16] if is_second_format else head[9:11]
    is_first = int.from_bytes(number, "little") <= 1
    return "application/x-ewf" if is_first else "application/x-ewf-segment"


def probe_disk(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Know a raw disk or partition image by its file system or partition table."""
    for at, mark, mime in _DISK_MARKS:
        if head.startswith(mark, at):
            return mime
    # ext: magic, and a block size and a state that exist
    if head[1080:1082] == b"\x53\xef" and head[1048:1052] in (
        b"\x00\x00\x00\x00", b"\x01\x00\x00\x00", b"\x02\x00\x00\x00", b"\x06\x00\x00\x00",
    ):  # fmt: skip
        return _RAW_DISK
    return _RAW_DISK if _has_partitions(head, size_bytes) else None


def _has_partitions(head: bytes, size_bytes: int) -> bool:
    """Whether a boot sector's table could be one: sane flags and types, the first entries inside.

    Two bytes at its end are too little: many a file has them there.
    """
    if head[510:512] != b"\x55\xaa" or size_bytes < 4096:
        return False
    rows = [head[446 + 16 * n : 462 + 16 * n] for n in range(4)]
    used = [row for row in rows if row != bytes(16)]
    starts = [int.from_bytes(row[8:12], "little") for row in used]
    lengths = [int.from_bytes(row[12:16], "little") for row in used]
    is_sane = all(row[0] in (0, 0x80) and row[4] != 0 for row in used)
    is_placed = all(starts) and all(lengths) and len(set(starts)) == len(starts)
    return bool(used) and is_sane and is_placed and min(starts) * 512 < size_bytes


def probe_trailer(_head: bytes, tail: bytes, _size_bytes: int) -> str | None:
    """Know a disk image by its last sector, and a ZIP behind other bytes by its end."""
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and len(tail) - end - 22 == int.from_bytes(tail[end + 20 : end + 22], "little"):
        return "application/zip"
    if tail[-512:-508] == b"koly":
        return "application/x-apple-diskimage"
    if tail[-512:-504] == b"conectix" or tail[-511:-503] == b"conectix":
        return "application/x-vhd"
    return None
