"""Writes EnCase (EWF-E01) images: compressed chunks, several segments, digests, acquisition facts.

Source: Joachim Metz, "Expert Witness Compression Format (EWF)", the specification of libewf.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

SIGNATURE = b"EVF\x09\x0d\x0a\xff\x00"
SECTOR_BYTES = 512
SECTORS_PER_CHUNK = 64
CHUNK_BYTES = SECTOR_BYTES * SECTORS_PER_CHUNK
TABLE_ENTRIES_MAX = 16_375
DESCRIPTOR_BYTES = 76
COMPRESSED = 1 << 31
ACQUIRED = (
    ("c", "2026-0042"),
    ("n", "1"),
    ("a", "sample card"),
    ("e", "examiner"),
    ("t", ""),
    ("av", "examples"),
    ("ov", "Linux"),
    ("m", "2026 3 1 12 0 0"),
    ("u", "2026 3 1 12 0 0"),
    ("p", "0"),
)


def write_ewf(
    image: Path, first_segment: Path, *, segment_bytes: int = 1 << 40, level: int = 6
) -> list[Path]:
    """Write a raw image as E01 and, where it is longer than a segment may be, E02 and so on.

    Args:
        first_segment: Path that ends in ``.E01``.
        segment_bytes: Chunks in one segment end at about this size.
        level: Of zlib; 0 stores.
    Returns:
        The segments, in order.
    Cost: One pass; memory for the table of one segment.
    """
    size_bytes = image.stat().st_size
    sha1 = hashlib.sha1(usedforsecurity=False)
    md5 = hashlib.md5(usedforsecurity=False)
    chunks = _chunks(image, level, (md5, sha1))
    chunk_count = -(-size_bytes // CHUNK_BYTES)
    written = 0
    paths: list[Path] = []
    while written < chunk_count:
        path = first_segment.with_suffix(segment_suffix(len(paths) + 1))
        paths.append(path)
        with path.open("wb") as file:
            segment = _Segment(file, len(paths))
            segment.begin(size_bytes, chunk_count)
            while written < chunk_count and file.tell() < segment_bytes:
                written += segment.put_chunks(chunks, segment_bytes)
            if written < chunk_count:
                segment.put(b"next", b"", is_last=True)
            else:
                segment.put_digests(md5.digest(), sha1.digest())
                segment.put(b"done", b"", is_last=True)
    return paths


def segment_suffix(number: int) -> str:
    """Give a segment's extension: ``.E01`` to ``.E99``, then ``.EAA`` and so on."""
    if number < 100:
        return f".E{number:02}"
    first, rest = divmod(number - 100, 26 * 26)
    return f".{chr(ord('E') + first)}{chr(65 + rest // 26)}{chr(65 + rest % 26)}"


def _chunks(image: Path, level: int, digests: tuple) -> Iterator[bytes]:
    zeros = bytes(CHUNK_BYTES)
    packed_zeros = zlib.compress(zeros, level or 1)
    with image.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            for digest in digests:
                digest.update(data)
            yield packed_zeros if data == zeros else _pack(data, level)


def _pack(data: bytes, level: int) -> bytes:
    """Compress a chunk where that makes it smaller; the first byte 0x78 tells which it is."""
    packed = zlib.compress(data, level) if level else data
    return packed if len(packed) < len(data) else b"\x00" + data


class _Segment:
    """One segment file while it is written."""

    def __init__(self, file, number: int) -> None:
        self._file = file
        self._number = number
        file.write(SIGNATURE + b"\x01" + struct.pack("<HH", number, 0))

    def begin(self, size_bytes: int, chunk_count: int) -> None:
        """Write the acquisition facts (in the first one) and the measures of the media."""
        if self._number == 1:
            names, values = zip(*ACQUIRED, strict=True)
            text = "1\r\nmain\r\n" + "\t".join(names) + "\r\n" + "\t".join(values) + "\r\n\r\n"
            self.put(b"header", zlib.compress(text.encode("ascii")))
        body = bytearray(1048)
        struct.pack_into("<IIII", body, 0, 1, chunk_count, SECTORS_PER_CHUNK, SECTOR_BYTES)
        struct.pack_into("<Q", body, 16, -(-size_bytes // SECTOR_BYTES))
        body[36], body[52] = 1, 1
        struct.pack_into("<I", body, 56, SECTORS_PER_CHUNK)
        self.put(b"volume" if self._number == 1 else b"data", _checked(bytes(body)))

    def put_chunks(self, chunks: Iterator[bytes], segment_bytes: int) -> int:
        """Write chunks up to one full table or the end of the segment, with both tables."""
        at = self._file.tell()
        self._file.write(bytes(DESCRIPTOR_BYTES))
        base = self._file.tell()
        entries: list[int] = []
        while len(entries) < TABLE_ENTRIES_MAX and self._file.tell() < segment_bytes:
            chunk = next(chunks, None)
            if chunk is None:
                break
            offset = self._file.tell() - base
            if chunk[0] == 0x78:
                entries.append(offset | COMPRESSED)
                self._file.write(chunk)
            else:
                entries.append(offset)
                self._file.write(_checked(chunk[1:]))
        self._describe(at, b"sectors", self._file.tell())
        head = _checked(struct.pack("<IIQI", len(entries), 0, base, 0))
        table = head + _checked(struct.pack(f"<{len(entries)}I", *entries))
        self.put(b"table", table)
        self.put(b"table2", table)
        return len(entries)

    def put_digests(self, md5: bytes, sha1: bytes) -> None:
        """Write the digests of the whole media."""
        self.put(b"digest", _checked(md5 + sha1 + bytes(40)))
        self.put(b"hash", _checked(md5 + bytes(16)))

    def put(self, kind: bytes, body: bytes, *, is_last: bool = False) -> None:
        """Write one section."""
        at = self._file.tell()
        end = at + DESCRIPTOR_BYTES + len(body)
        self._file.write(_descriptor(kind, at if is_last else end, end - at) + body)

    def _describe(self, at: int, kind: bytes, end: int) -> None:
        self._file.seek(at)
        self._file.write(_descriptor(kind, end, end - at))
        self._file.seek(end)


def _descriptor(kind: bytes, next_at: int, size_bytes: int) -> bytes:
    return _checked(struct.pack("<16sQQ40x", kind, next_at, size_bytes))


def _checked(data: bytes) -> bytes:
    return data + struct.pack("<I", zlib.adler32(data))
