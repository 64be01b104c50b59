"""One member of an archive, as the readers of the formats hand it over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from firstlight.errors import InputError, NotOpenedError
from firstlight.intake.archive.budget import ArchiveGauge
from firstlight.intake.archive.stream import ByteStream, Tick, Window
from firstlight.intake.source_file import failure_of
from firstlight.model.media import Failure, FileFacts, Outcome


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive that is no folder.

    Args:
        name: Exact bytes as stored; only ever a name, never used as a path.
        ordinal: Position among all entries of the archive, folders included, from 0.
        facts: As the archive states them; a size of 0 may mean "not stated".
        opener: Gives the content; None when it cannot be had (``failure`` says why).
        window: The content itself, where it lies unpacked in a seekable source.
        is_reopenable: Whether the opener may be called more than once.
        is_skipped: A link or special file: listed, not an error.
        caveat: What is to be said of a content that can be read all the same.
    """

    name: bytes
    ordinal: int
    facts: FileFacts
    opener: Callable[[], ByteStream] | None = None
    window: Window | None = None
    is_reopenable: bool = False
    failure: Failure | None = None
    is_skipped: bool = False
    caveat: Failure | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How reading ends before it begins; None when the content can be opened."""
        if self.is_skipped:
            return Outcome.SKIPPED
        if self.failure is None:
            return None
        is_unopened = self.failure.code == NotOpenedError.code
        return Outcome.NOT_OPENED if is_unopened else Outcome.FAILED


def no_sibling(_name: bytes) -> BinaryIO | None:
    """Find no file beside an archive."""
    return None


def say_nothing(_name: str, _text: str) -> None:
    """Pass over what an archive states of itself."""


@dataclass(frozen=True, slots=True)
class Unpacking:
    """What every reader of an archive format is given.

    Args:
        gauge: Counts entries and output; raises ``LimitError``.
        tick: Called while long work goes on.
        on_failure: Told of what is wrong with the archive itself.
        name: The archive's own name, from which a compressed file's name may be derived.
        passwords: The unit's list, tried in this order on what is locked.
        sibling: Opens another file of the outermost archive's own folder by its name (further
            segments of a disk image, further volumes of an archive); None when there is none
            of that name, or where the archive lies inside another one.
        state: Told of what the archive states of itself (name, text), such as the digests that
            an imaging tool took.
    """

    gauge: ArchiveGauge
    tick: Tick
    on_failure: Callable[[Failure], None]
    name: bytes = b""
    passwords: tuple[bytes, ...] = ()
    sibling: Callable[[bytes], BinaryIO | None] = no_sibling
    state: Callable[[str, str], None] = say_nothing

    def report(self, error: InputError) -> None:
        """Record what is wrong with the archive itself, and go on."""
        self.on_failure(failure_of(error, "unpack"))


MemberReader = Callable[[ByteStream, Unpacking], Iterator[Member]]


def skipped_member(name: bytes, ordinal: int, facts: FileFacts, reason: str) -> Member:
    """Make the record of a link or special file."""
    failure = failure_of(NotOpenedError(reason), "open")
    return Member(name, ordinal, facts, failure=failure, is_skipped=True)


def failed_member(name: bytes, ordinal: int, facts: FileFacts, error: InputError) -> Member:
    """Make the record of a member whose content cannot be had."""
    return Member(name, ordinal, facts, failure=failure_of(error, "unpack"))
