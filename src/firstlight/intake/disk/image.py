"""The readers of disk images that the registry of archives names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from firstlight.errors import DecodeError, NotOpenedError, TruncatedError
from firstlight.intake.archive.member import Member, Unpacking
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.disk.ewf import EwfBytes
from firstlight.intake.disk.ewf_segment import SIGNATURE
from firstlight.intake.disk.segment import SegmentFiles, first_names
from firstlight.intake.disk.source import DiskBytes, RawBytes

if TYPE_CHECKING:
    from firstlight.intake.disk.library import LibraryBytes


def raw_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the files in a raw image of a disk, a partition or a disc."""
    files = SegmentFiles(unpacking.sibling)
    try:
        disk = RawBytes(_window(source), files, unpacking.name)
        if disk.has_gap:
            unpacking.report(TruncatedError("a segment of the image is missing"))
        yield from _disk_members(disk, unpacking)
    finally:
        files.close()


def ewf_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the files in an EnCase image (E01, Ex01), its further segments included."""
    files = SegmentFiles(unpacking.sibling)
    try:
        disk = _open_ewf(_window(source), files, unpacking)
        for name, text in disk.stored.items():
            unpacking.state(f"disk-image.{name}", text)
        yield from _disk_members(disk, unpacking)
    finally:
        files.close()


def ewf_segment_members(_source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give nothing: a further segment is read with the first one, which must lie beside it."""
    for name in first_names(unpacking.name):
        file = unpacking.sibling(name)
        if file is not None:
            file.close()
            return
    unpacking.report(TruncatedError("the first segment of this disk image is not beside it"))
    yield from ()


def _window(source: ByteStream) -> Window:
    if not isinstance(source, Window):
        raise NotOpenedError("the disk image is too large to be opened inside an archive")
    return source


def _open_ewf(first: Window, files: SegmentFiles, unpacking: Unpacking) -> EwfBytes | LibraryBytes:
    if not first.at(0, len(SIGNATURE)).startswith(SIGNATURE):
        return _open_by_library(first, files, unpacking)
    try:
        disk = EwfBytes(first, files, unpacking.name, unpacking.tick)
    except NotOpenedError:
        return _open_by_library(first, files, unpacking)
    if disk.has_missing_segment:
        unpacking.report(TruncatedError("a segment of the image is missing"))
    if disk.has_cut_segment:
        unpacking.report(TruncatedError("a segment of the image is damaged or cut short"))
    if disk.has_broken_table:
        unpacking.report(DecodeError("a table of the image is damaged; its copy was used"))
    return disk


def _open_by_library(first: Window, files: SegmentFiles, unpacking: Unpacking) -> LibraryBytes:
    from firstlight.intake.disk.library import LibraryBytes

    return LibraryBytes(first, files, unpacking.name)


def _disk_members(disk: DiskBytes, unpacking: Unpacking) -> Iterator[Member]:
    from firstlight.intake.disk.walk import disk_members

    return disk_members(disk, unpacking)
