"""Single compressed files: gzip, bzip2, xz, Zstandard. A tar inside is read straight through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firstlight.errors import DecodeError, InputError
from firstlight.intake.archive.inflate import Inflated
from firstlight.intake.archive.member import Member, Unpacking
from firstlight.intake.archive.stream import ByteStream, ResumedStream, Window
from firstlight.intake.archive.tar import tar_members
from firstlight.intake.content_container import is_tar_header
from firstlight.model.media import FileFacts

_SUFFIXES: Final = (b".gz", b".bz2", b".xz", b".zst", b".zstd")
_UNNAMED: Final = b"content"
_GZIP_HAS_EXTRA, _GZIP_HAS_NAME = 4, 8


def compressed_members(codec: str, source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the one member of a compressed file, or the members of the tar inside.

    Args:
        codec: ``gzip``, ``bzip2``, ``xz`` or ``zstd``.
    """
    stored_name = b""
    if codec == "gzip":
        header = _head_of(source, 1 << 10)[0]
        stored_name = gzip_name(header)
        source = source if isinstance(source, Window) else ResumedStream(header, source, None)

    def open_stream() -> Inflated:
        start = source.part(0, source.size_bytes) if isinstance(source, Window) else source
        return Inflated(start, codec, spend=unpacking.gauge.spend, tick=unpacking.tick)

    stream = open_stream()
    head, error = _head_of(stream, 512)
    resumed = ResumedStream(head, stream, error)
    if is_tar_header(head):
        yield from tar_members(resumed, unpacking)
    else:
        unpacking.gauge.budget.count_member()
        pending: list[ByteStream] = [resumed]
        yield Member(
            stored_name or _derived_name(unpacking.name),
            0,
            FileFacts(0),
            opener=lambda: pending.pop() if pending else open_stream(),
            is_reopenable=isinstance(source, Window),
        )
    if stream.has_trailing_bytes:
        unpacking.report(DecodeError("other bytes follow the end of the compressed content"))


def gzip_name(header: bytes) -> bytes:
    """Read the name that a gzip header may carry; nothing where it carries none.

    Source: RFC 1952, section 2.3.
    """
    if len(header) < 10 or not header[3] & _GZIP_HAS_NAME:
        return b""
    at = 10
    if header[3] & _GZIP_HAS_EXTRA:
        at += 2 + int.from_bytes(header[at : at + 2], "little")
    end = header.find(b"\x00", at)
    return header[at:end] if end > at else b""


def _derived_name(archive_name: bytes) -> bytes:
    name = archive_name.rpartition(b"/")[2]
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return _UNNAMED


def _head_of(stream: ByteStream, size_bytes: int) -> tuple[bytes, InputError | None]:
    """Read the first bytes, and what stopped the reading if something did."""
    if isinstance(stream, Window):
        return stream.at(0, size_bytes), None
    head = b""
    try:
        while len(head) < size_bytes and (data := stream.read(size_bytes - len(head))):
            head += data
    except InputError as error:
        return head, error
    return head, None
