"""Which reader opens which type of disk image: one line each.

The readers are imported when the first image is met: the registry of archives holds this table,
and they rest on the archives' own parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firstlight.intake.archive.member import Member, MemberReader, Unpacking
from firstlight.intake.archive.stream import ByteStream


def _ewf(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    from firstlight.intake.disk.image import ewf_members

    return ewf_members(source, unpacking)


def _ewf_segment(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    from firstlight.intake.disk.image import ewf_segment_members

    return ewf_segment_members(source, unpacking)


def _raw(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    from firstlight.intake.disk.image import raw_members

    return raw_members(source, unpacking)


DISK_READERS: Final[dict[str, MemberReader]] = {
    "application/x-ewf": _ewf,
    "application/x-ewf-segment": _ewf_segment,
    "application/x-raw-disk-image": _raw,
    "application/x-iso9660-image": _raw,
    "application/x-encrypted-volume": _raw,
}
