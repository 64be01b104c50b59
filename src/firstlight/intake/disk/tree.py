"""Walking a file system: every entry once, in one stable order, deleted ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Final, cast

import pytsk3

from firstlight.errors import DecodeError, EncryptedError, InputError, LimitError, NotOpenedError
from firstlight.intake.archive.member import Member, failed_member, skipped_member
from firstlight.intake.archive.stream import Window
from firstlight.intake.disk.allowance import Allowance
from firstlight.intake.disk.bookkeeping import (
    ORPHANS,
    is_kept_from,
    is_reserved,
    is_system,
    kind_names,
)
from firstlight.intake.disk.content import Stream, StreamFile, StreamReader
from firstlight.intake.disk.entry import (
    ALLOCATED,
    FILE,
    FOLDERS,
    SPECIAL,
    VIRTUAL_NAMES,
    allocation_of,
    facts_of,
    is_reused,
    name_of,
)
from firstlight.intake.disk.library import LIBRARY_ERRORS, DiskImage, open_file_system
from firstlight.intake.disk.occupancy import Occupancy
from firstlight.intake.disk.volume import Volume
from firstlight.intake.source_file import failure_of

DEPTH_MAX: Final = 200
PATH_MAX_BYTES: Final = 16_384
_NTFS_DATA: Final = int(pytsk3.TSK_FS_ATTR_TYPE_NTFS_DATA)
_HFS_FORK: Final = int(pytsk3.TSK_FS_ATTR_TYPE_HFS_RSRC)
_IS_LOCKED: Final = int(pytsk3.TSK_FS_ATTR_ENC)
_WINDOWS_PACKED: Final = b"WofCompressedData"
_NO_CONTENT: Final = "deleted: the file system no longer says where its content lay"
_REUSED: Final = "deleted: its record serves another entry today"
_SHARED: Final = "deleted: a part of its space is in use again, so the content may be another's"


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that is open; ``is_orphan``: the one for what no folder names any more."""

    entries: Iterator[Any]
    number: int
    path: bytes
    depth: int
    is_orphan: bool
    is_live: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """One entry, with the object to read it by, and why it is listed only, if it is."""

    file: Any
    meta: Any
    path: bytes
    allocation: str
    error: InputError | None


class FileSystem:
    """One file system of a disk image.

    Args:
        allowance: Counts entries and output for the whole image.
        report: Told of what is wrong with the image itself.

    Raises:
        DecodeError: There is no file system that the Sleuth Kit reads.
    """

    def __init__(
        self,
        image: DiskImage,
        volume: Volume,
        allowance: Allowance,
        report: Callable[[InputError], None],
    ) -> None:
        self._image, self._start = image, volume.start
        self._allowance, self._report = allowance, report
        self._library: Any = open_file_system(image, volume.start)
        try:
            info: Any = self._library.info
            self.kind = kind_names().get(int(info.ftype), "unknown")
            self._block_bytes = int(info.block_size)
            self._root = int(info.root_inum)
        except LIBRARY_ERRORS as error:
            raise image.error_of(error, "no file system that is read here") from error
        self.path = b"vol%d-%s/" % (volume.number, self.kind.encode())
        self._is_ntfs, self._is_hfs = self.kind == "ntfs", self.kind == "hfs"
        self._occupancy = Occupancy(self._library, volume.start) if self._is_ntfs else None
        self._entered: set[int] = set()
        self._faults: set[str] = set()

    def members(self) -> Iterator[Member]:
        """Give every file, link and special file; folders are no members.

        Raises:
            LimitError: More entries than a disk of this size can hold.
        """
        root = self._enter(self._root, self.path, 0, is_orphan=False, is_live=True)
        folders = [root] if root is not None else []
        while folders:
            folder = folders[-1]
            entry = self._next(folder)
            if entry is None:
                folders.pop()
                continue
            ordinal = self._allowance.count_entry()
            try:
                found = self._look_at(entry, folder)
                if found is None:
                    continue
                if found.error is not None:
                    yield self._listed(found, ordinal, found.error)
                    continue
                if int(found.meta.type) in FOLDERS:
                    self._push(folders, found, folder)
                else:
                    yield self._file(found, ordinal)
                yield from self._further_streams(found)
            except LIBRARY_ERRORS as error:
                self._fault(error, "an entry of a file system is damaged")

    def _next(self, folder: _Folder) -> Any:
        self._image.refill()
        try:
            return next(folder.entries, None)
        except LIBRARY_ERRORS as error:
            if folder.is_live:
                self._fault(error, "a folder of a file system could be read only in part")
            return None

    def _look_at(self, entry: Any, folder: _Folder) -> _Found | None:
        """Find out what an entry is; None for what is nobody's file."""
        name, number = name_of(entry), int(entry.info.name.meta_addr)
        is_own = (
            int(entry.info.name.type) in VIRTUAL_NAMES
            or is_system(self.kind, name, number, folder.depth)
            or is_kept_from(self.kind, folder.number, name)
            or (folder.is_orphan and is_reserved(self.kind, number))
        )
        if is_own or name in (b".", b".."):
            return None
        file, meta = entry, entry.info.meta
        if meta is None and folder.is_orphan and number:
            file = self._library.open_meta(inode=number)
            meta = file.info.meta
        allocation = allocation_of(entry, meta, is_orphan=folder.is_orphan)
        error = self._why_not_read(entry, meta, folder, is_live=allocation == ALLOCATED)
        if folder.is_orphan and error is not None and error.message == _NO_CONTENT:
            return None
        path = folder.path + name
        if len(path) > PATH_MAX_BYTES:
            error = LimitError("the path of an entry is longer than allowed")
        return _Found(file, meta, path[:PATH_MAX_BYTES], allocation, error)

    def _why_not_read(
        self, entry: Any, meta: Any, folder: _Folder, *, is_live: bool
    ) -> InputError | None:
        """Say why an entry is only listed: it has no content, or none of its own."""
        kind = int(meta.type) if meta is not None else None
        if kind is None or kind not in (FILE, *FOLDERS, *SPECIAL):
            if is_live:
                return DecodeError("the record of an entry is damaged")
            return NotOpenedError(_NO_CONTENT)
        if is_reused(entry, meta) and not folder.is_orphan:
            return NotOpenedError(_REUSED)
        if kind in SPECIAL:
            return NotOpenedError(SPECIAL[kind])
        if kind == FILE and not is_live and int(meta.size) <= 0:
            return NotOpenedError(_NO_CONTENT)
        return None

    def _listed(self, found: _Found, ordinal: int, error: InputError) -> Member:
        size_bytes = int(found.meta.size) if found.meta is not None else 0
        facts = facts_of(found.meta, size_bytes, found.allocation)
        if isinstance(error, NotOpenedError):
            return skipped_member(found.path, ordinal, facts, error.message)
        return failed_member(found.path, ordinal, facts, error)

    def _push(self, folders: list[_Folder], found: _Found, parent: _Folder) -> None:
        is_orphan = parent.is_orphan or (not parent.depth and found.path == self.path + ORPHANS)
        folder = self._enter(
            int(found.meta.addr),
            found.path + b"/",
            parent.depth + 1,
            is_orphan=is_orphan,
            is_live=found.allocation == ALLOCATED,
        )
        if folder is not None:
            folders.append(folder)

    def _enter(
        self, number: int, path: bytes, depth: int, *, is_orphan: bool, is_live: bool
    ) -> _Folder | None:
        if number in self._entered:
            return None
        self._entered.add(number)
        if depth > DEPTH_MAX:
            self._fault(LimitError("folders are nested more deeply than allowed"), "")
            return None
        self._image.refill()
        try:
            entries = iter(self._library.open_dir(inode=number))
        except LIBRARY_ERRORS as error:
            if is_live:
                self._fault(error, "a folder of a file system cannot be read")
            return None
        return _Folder(entries, number, path, depth, is_orphan, is_live)

    def _file(self, found: _Found, ordinal: int) -> Member:
        """Make the member for an entry's content."""
        size_bytes = int(found.meta.size)
        facts = facts_of(found.meta, size_bytes, found.allocation)
        if size_bytes < 0:
            damage = DecodeError("the record of an entry is damaged")
            return failed_member(found.path, ordinal, facts, damage)
        if self._is_ntfs:
            for kind, info_name, flags in _attributes(found.file):
                if kind == _NTFS_DATA and not info_name and flags & _IS_LOCKED:
                    locked = EncryptedError("the file is encrypted by its file system")
                    return failed_member(found.path, ordinal, facts, locked)
                if kind == _NTFS_DATA and info_name == _WINDOWS_PACKED:
                    packed = NotOpenedError("compressed by Windows (WOF): not opened yet")
                    return failed_member(found.path, ordinal, facts, packed)
        stream = self._stream(found.file, None, None, size_bytes)
        is_shared = (
            found.allocation != ALLOCATED
            and self._occupancy is not None
            and self._occupancy.is_used(stream)
        )
        caveat = DecodeError(_SHARED) if is_shared else None
        return self._stream_member(found.path, ordinal, facts, stream, caveat)

    def _further_streams(self, found: _Found) -> Iterator[Member]:
        """Give the streams beside an entry's content: NTFS's named ones, HFS's resource fork."""
        if not (self._is_ntfs or self._is_hfs):
            return
        for attribute in found.file:
            info = attribute.info
            kind, name, size_bytes = int(info.type), info.name, int(info.size)
            if kind == _HFS_FORK and size_bytes > 0:
                name = b"rsrc"
            elif kind != _NTFS_DATA or not name:
                continue
            facts = facts_of(found.meta, size_bytes, found.allocation)
            stream = self._stream(found.file, info.type, int(info.id), size_bytes)
            path, ordinal = found.path + b":" + name, self._allowance.count_entry()
            yield self._stream_member(path, ordinal, facts, stream, None)

    def _stream(self, file: Any, kind: Any, number: int | None, size_bytes: int) -> Stream:
        return Stream(self._image, file, kind, number, size_bytes, self._start, self._block_bytes)

    def _stream_member(
        self,
        path: bytes,
        ordinal: int,
        facts: Any,
        stream: Stream,
        caveat: InputError | None,
    ) -> Member:
        limit = self._allowance.check(stream)
        if limit is not None:
            return failed_member(path, ordinal, facts, limit)
        return Member(
            path,
            ordinal,
            facts,
            opener=partial(StreamReader, stream, self._allowance.spend),
            window=Window(cast(BinaryIO, StreamFile(stream)), 0, stream.size_bytes),
            is_reopenable=True,
            caveat=failure_of(caveat, "unpack") if caveat is not None else None,
        )

    def _fault(self, error: Exception, what: str) -> None:
        """Report what is wrong with the file system: each kind of fault once."""
        ours = self._image.error_of(error, what)
        if ours.message not in self._faults:
            self._faults.add(ours.message)
            self._report(ours)


def _attributes(file: Any) -> Iterator[tuple[int, bytes | None, int]]:
    for attribute in file:
        info = attribute.info
        yield int(info.type), info.name, int(info.flags)
