"""Walking through an archive and the archives inside it, in one stable order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from firstlight.errors import InputError, LimitError
from firstlight.intake.archive.budget import ArchiveBudget
from firstlight.intake.archive.item import ArchiveEnd, ArchiveItem
from firstlight.intake.archive.member import Unpacking, no_sibling
from firstlight.intake.archive.registry import iterate_members
from firstlight.intake.archive.stream import ByteStream, Tick, Window
from firstlight.intake.disk.registry import DISK_READERS
from firstlight.intake.source_file import failure_of
from firstlight.model.bounds import Bounds
from firstlight.model.media import ContentType, Failure

STATEMENT_MAX_CHARS = 4096
STATEMENTS_MAX = 100


def walk_archive(
    stream: BinaryIO,
    content_type: ContentType,
    *,
    bounds: Bounds,
    tick: Tick,
    name: bytes = b"",
    passwords: tuple[bytes, ...] = (),
    sibling: Callable[[bytes], BinaryIO | None] = no_sibling,
) -> Iterator[ArchiveItem | ArchiveEnd]:
    """Give every member of an archive, and of the archives in it, depth first.

    The protocol stands at the top of this package.

    Args:
        stream: The outermost archive, seekable; stays the caller's to close.
        content_type: Its type, by content.
        tick: Called while long work goes on.
        name: Its name, from which the name of a single compressed file is derived.
        passwords: The unit's list, tried on what is locked.
        sibling: Opens a file beside the outermost archive by its name.

    Raises:
        UnreadableError: The source would not give the bytes of the outermost archive.
    Cost: Memory of at most twice ``bounds.nested_archive_max_bytes``, 16 bytes per entry of a
        ZIP, and a few buffers; every byte is decompressed once, those of nested archives that
        are too large for memory twice.
    """
    window = Window.over(stream)
    nest = _Nest(ArchiveBudget(bounds, window.size_bytes), tick, passwords, sibling)
    place = _Place(window, window.size_bytes, content_type.mime, (), (), name)
    yield from nest.walk(place)


@dataclass(frozen=True, slots=True)
class _Place:
    """One archive of the nest."""

    source: ByteStream
    size_bytes: int
    mime: str
    members: tuple[bytes, ...]
    ordinals: tuple[int, ...]
    name: bytes

    def end(
        self,
        member_count: int,
        failures: list[Failure],
        statements: Sequence[tuple[str, str]] = (),
    ) -> ArchiveEnd:
        place = (self.members, self.ordinals)
        return ArchiveEnd(*place, member_count, tuple(failures), tuple(statements))


class _Nest:
    """One outermost archive with all that is in it."""

    def __init__(
        self,
        budget: ArchiveBudget,
        tick: Tick,
        passwords: tuple[bytes, ...],
        sibling: Callable[[bytes], BinaryIO | None],
    ) -> None:
        self._budget = budget
        self._tick = tick
        self._passwords = passwords
        self._sibling = sibling

    def walk(self, place: _Place) -> Iterator[ArchiveItem | ArchiveEnd]:
        """Give the items of one archive, then its end."""
        failures: list[Failure] = []
        gauge = self._budget.gauge(place.size_bytes)
        sibling = no_sibling if place.members else self._sibling
        statements: list[tuple[str, str]] = []
        unpacking = Unpacking(
            gauge,
            self._tick,
            failures.append,
            place.name,
            self._passwords,
            sibling,
            lambda name, text: statements.append((name, text[:STATEMENT_MAX_CHARS])),
        )
        member_count = 0
        try:
            for member in iterate_members(place.source, place.mime, unpacking):
                member_count += 1
                item = ArchiveItem(
                    member,
                    (*place.members, member.name),
                    (*place.ordinals, member.ordinal),
                    self._budget,
                    place.mime,
                )
                yield item
                yield from self._descend(item)
                self._tick()
                if gauge.exceeded is not None:
                    raise gauge.exceeded
        except InputError as error:
            failures.append(failure_of(error, "unpack"))
        yield place.end(member_count, failures, statements[:STATEMENTS_MAX])

    def _descend(self, item: ArchiveItem) -> Iterator[ArchiveItem | ArchiveEnd]:
        mime = item.nested_type()
        if mime is None:
            return
        place = _Place(_NOTHING, 0, mime, item.members, item.ordinals, item.members[-1])
        try:
            if len(item.members) > self._budget.bounds.archive_depth_max:
                raise LimitError("archives are nested more deeply than allowed")
            source, size_bytes = item.nested_source(mime)
        except InputError as error:
            yield place.end(0, [failure_of(error, "unpack")])
        else:
            nest = self
            if item.container_mime in DISK_READERS and len(item.members) == 1:
                # A disk holds archives as a folder does: each is the outermost one of its nest.
                budget = ArchiveBudget(self._budget.bounds, size_bytes)
                nest = _Nest(budget, self._tick, self._passwords, no_sibling)
            yield from nest.walk(
                _Place(source, size_bytes, mime, item.members, item.ordinals, place.name)
            )
        finally:
            item.close()


class _Nothing:
    def read(self, _size_bytes: int, /) -> bytes:
        return b""


_NOTHING = _Nothing()
