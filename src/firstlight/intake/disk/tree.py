"""Walking a file system of a disk: every entry once, in one stable order, deleted ones too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import pytsk3

from firstlight.errors import DecodeError, EncryptedError, InputError, LimitError, NotOpenedError
from firstlight.intake.archive.member import Member, failed_member, skipped_member
from firstlight.intake.archive.stream import Window
from firstlight.intake.disk.allowance import Allowance
from firstlight.intake.disk.content import Stream, StreamFile, StreamReader
from firstlight.intake.disk.entry import (
    ALLOCATED,
    FILE,
    FOLDERS,
    SPECIAL,
    VIRTUAL_NAMES,
    allocation_of,
    facts_of,
    is_gone,
    is_reused,
    name_of,
)
from firstlight.intake.disk.library import LIBRARY_ERRORS, DiskImage
from firstlight.intake.disk.occupancy import Occupancy
from firstlight.intake.disk.volume import Volume
from firstlight.intake.source_file import failure_of

DEPTH_MAX: Final = 200
PATH_MAX_BYTES: Final = 16_384
ORPHANS: Final = b"$OrphanFiles"
_NTFS_SYSTEM_MAX: Final = 23
_NTFS_ROOT, _NTFS_EXTEND = 5, 11
_HFS_SYSTEM_MAX: Final = 15
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
    path: bytes
    depth: int
    is_orphan: bool
    is_live: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """One entry, with the object to read it by."""

    file: Any
    meta: Any
    path: bytes
    allocation: str


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
        self._image = image
        self._start = volume.start
        self._allowance = allowance
        self._report = report
        image.refill()
        try:
            self._library: Any = pytsk3.FS_Info(image, offset=volume.start)
            info: Any = self._library.info
            self.kind = _kind_names().get(int(info.ftype), "unknown")
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
            LimitError: There are more entries than a disk of this size can hold.
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
                if isinstance(found, _Found):
                    if int(found.meta.type) not in FOLDERS:
                        yield self._file(found, ordinal, entry)
                    else:
                        self._push(folders, found, folder)
                    yield from self._further_streams(found)
                elif found is not None:
                    yield found(ordinal)
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

    def _look_at(
        self, entry: Any, folder: _Folder
    ) -> _Found | Callable[[int], Member] | None:
        """Find out what an entry is: to be read, to be listed only, or nothing of anybody's."""
        name = name_of(entry)
        if name in (b".", b"..") or int(entry.info.name.type) in VIRTUAL_NAMES:
            return None
        number = int(entry.info.name.meta_addr)
        if self._is_system(name, number, folder):
            return None
        file, meta = entry, entry.info.meta
        if meta is None and folder.is_orphan and number:
            file = self._library.open_meta(inode=number)
            meta = file.info.meta
        path = folder.path + name
        allocation = allocation_of(entry, meta, is_orphan=folder.is_orphan)
        facts = facts_of(meta, int(meta.size) if meta is not None else 0, allocation)
        if len(path) > PATH_MAX_BYTES:
            limit = LimitError("the path of an entry is longer than allowed")
            return partial(_failed, path[:PATH_MAX_BYTES], facts=facts, error=limit)
        is_live = allocation == ALLOCATED
        if meta is None or int(meta.type) not in (FILE, *FOLDERS, *SPECIAL):
            if folder.is_orphan:
                return None
            if not is_live:
                return partial(_skipped, path, facts=facts, reason=_NO_CONTENT)
            error = DecodeError("the record of an entry is damaged")
            return partial(_failed, path, facts=facts, error=error)
        if is_reused(entry, meta) and not folder.is_orphan:
            return partial(_skipped, path, facts=facts, reason=_REUSED)
        kind = int(meta.type)
        if kind in SPECIAL:
            return partial(_skipped, path, facts=facts, reason=SPECIAL[kind])
        if kind == FILE and not is_live and int(meta.size) <= 0:
            if folder.is_orphan:
                return None
            return partial(_skipped, path, facts=facts, reason=_NO_CONTENT)
        return _Found(file, meta, path, allocation)

    def _is_system(self, name: bytes, number: int, folder: _Folder) -> bool:
        """Whether an entry is the file system's own bookkeeping."""
        if folder.is_orphan:
            return self._is_ntfs and number <= _NTFS_SYSTEM_MAX
        if self._is_ntfs and folder.path == self.path + b"$Extend/":
            return name != b"$Deleted"
        if folder.depth:
            return False
        if self._is_ntfs:
            own = number <= _NTFS_SYSTEM_MAX and number not in (_NTFS_ROOT, _NTFS_EXTEND)
            return own and name.startswith(b"$")
        if name == ORPHANS:
            return self.kind == "iso9660"
        return self._is_hfs and number <= _HFS_SYSTEM_MAX

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
        return _Folder(entries, path, depth, is_orphan, is_live)

    def _file(self, found: _Found, ordinal: int, entry: Any) -> Member:
        """Make the member for an entry's content."""
        size_bytes = int(found.meta.size)
        facts = facts_of(found.meta, size_bytes, found.allocation)
        if size_bytes < 0:
            error: InputError = DecodeError("the record of an entry is damaged")
            return failed_member(found.path, ordinal, facts, error)
        if self._is_ntfs:
            for kind, info_name, flags in _attributes(found.file):
                if kind == _NTFS_DATA and not info_name and flags & _IS_LOCKED:
                    error = EncryptedError("the file is encrypted by its file system")
                    return failed_member(found.path, ordinal, facts, error)
                if kind == _NTFS_DATA and info_name == _WINDOWS_PACKED:
                    error = NotOpenedError("compressed by Windows (WOF): not opened yet")
                    return failed_member(found.path, ordinal, facts, error)
        stream = self._stream(found.file, None, None, size_bytes)
        shared = is_gone(entry) and self._occupancy is not None and self._occupancy.is_used(stream)
        caveat = DecodeError(_SHARED) if shared else None
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
        return Stream(
            self._image, file, kind, number, size_bytes, self._start, self._block_bytes
        )

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
            window=Window(StreamFile(stream), 0, stream.size_bytes),
            is_reopenable=True,
            caveat=failure_of(caveat, "unpack") if caveat is not None else None,
        )

    def _fault(self, error: Exception, what: str) -> None:
        """Report what is wrong with the file system: each kind of fault once."""
        ours = self._image.error_of(error, what)
        if ours.message not in self._faults:
            self._faults.add(ours.message)
            self._report(ours)


def _skipped(path: bytes, ordinal: int, *, facts: Any, reason: str) -> Member:
    return skipped_member(path, ordinal, facts, reason)


def _failed(path: bytes, ordinal: int, *, facts: Any, error: InputError) -> Member:
    return failed_member(path, ordinal, facts, error)


def _attributes(file: Any) -> Iterator[tuple[int, bytes | None, int]]:
    for attribute in file:
        info = attribute.info
        yield int(info.type), info.name, int(info.flags)


@cache
def _kind_names() -> dict[int, str]:
    """Names of file systems, by the Sleuth Kit's number."""
    prefix = "TSK_FS_TYPE_"
    return {
        int(getattr(pytsk3, name)): name.removeprefix(prefix).lower()
        for name in dir(pytsk3)
        if name.startswith(prefix)
        and not name.endswith(("_DETECT", "_ENUM", "UNSUPP"))
        and len(name) > len(prefix)
    }
