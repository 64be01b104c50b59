"""Which reader opens which type of archive: one line each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from firstlight.errors import NotOpenedError
from firstlight.intake.archive.compressed import compressed_members
from firstlight.intake.archive.member import Member, MemberReader, Unpacking
from firstlight.intake.archive.rar import rar_members
from firstlight.intake.archive.sevenzip import sevenzip_members
from firstlight.intake.archive.stream import ByteStream
from firstlight.intake.archive.tar import tar_members
from firstlight.intake.archive.zip import zip_members
from firstlight.intake.disk.registry import DISK_READERS
from firstlight.intake.document.registry import DOCUMENT_READERS

_READERS: Final[dict[str, MemberReader]] = {
    "application/zip": zip_members,
    "application/x-tar": tar_members,
    "application/gzip": partial(compressed_members, "gzip"),
    "application/x-bzip2": partial(compressed_members, "bzip2"),
    "application/x-xz": partial(compressed_members, "xz"),
    "application/zstd": partial(compressed_members, "zstd"),
    "application/x-7z-compressed": sevenzip_members,
    "application/vnd.rar": rar_members,
    **DISK_READERS,
    **DOCUMENT_READERS,
}

_NEED_SEEKING: Final = frozenset(
    (
        "application/zip",
        "application/x-7z-compressed",
        "application/vnd.rar",
        *DISK_READERS,
        *DOCUMENT_READERS,
    )
)


def readable_types() -> frozenset[str]:
    """Types that have a reader here."""
    return frozenset(_READERS)


def needs_seeking(mime: str) -> bool:
    """Whether a type can only be read from a source that can be read anywhere."""
    return mime in _NEED_SEEKING


def iterate_members(stream: ByteStream, mime: str, unpacking: Unpacking) -> Iterator[Member]:
    """Give the members of one archive, not of those inside it.

    A member's content must be read before the next member is asked for: in a tar that is
    itself compressed it passes by once. ``walk_archive`` sees to that.

    Args:
        stream: The archive; a ``Window`` where it can be read anywhere.
        mime: Its type, by content.

    Raises:
        NotOpenedError: No reader for this type.
        LimitError: A bound is exceeded.
        UnreadableError: The source would not give the bytes.
    """
    reader = _READERS.get(mime)
    if reader is None:
        raise NotOpenedError("this kind of archive is not opened yet")
    return reader(stream, unpacking)
