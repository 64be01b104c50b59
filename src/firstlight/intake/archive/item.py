"""What the walk through an archive hands over: items, and the ends of archives."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firstlight.errors import InputError, InternalError, LimitError, NotOpenedError, UnreadableError
from firstlight.intake.archive.budget import ArchiveBudget
from firstlight.intake.archive.member import Member
from firstlight.intake.archive.registry import needs_seeking
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.content_table import UNKNOWN_MIME
from firstlight.intake.content_type import HEAD_BYTES, TAIL_BYTES, is_openable_archive, sniff
from firstlight.model.media import ContentType, Failure, FileFacts, Outcome

PIECE_BYTES: Final = 1 << 20


class MemberContent:
    """A member's bytes, to be read once, from start to end.

    Args:
        content_type: By the first bytes; looked at again with the last ones where the first
            said nothing, so it is final when the end has been reached.
        size_bytes: Bytes handed over so far.
        is_finished: The end was reached without an error.
    """

    def __init__(self, member: Member, budget: ArchiveBudget) -> None:
        if member.opener is None:
            raise InternalError("a member without content was opened")
        self._raw: ByteStream = member.opener()
        self._budget = budget
        self._error: InputError | None
        self._head, self._error = _read_head(self._raw)
        self._tail = b""
        self.size_bytes = 0
        self.is_finished = False
        self._start = self._head
        size_bytes = max(member.facts.size_bytes, len(self._head))
        self.content_type: ContentType = sniff(self._head, size_bytes=size_bytes)
        if self._error is not None and not self._head:
            raise self._error
        is_kept = is_openable_archive(self.content_type.mime) and member.window is None
        self._kept: io.BytesIO | None = io.BytesIO() if is_kept else None
        self._held_bytes = 0

    def read(self, size_bytes: int = PIECE_BYTES, /) -> bytes:
        """Give at most so many of the next bytes; none at the end.

        Raises:
            InputError: The rest cannot be had; the same error every time.
        """
        if self._head:
            data, self._head = self._head[:size_bytes], self._head[size_bytes:]
        elif self._error is not None:
            raise self._error
        else:
            try:
                data = self._raw.read(size_bytes)
            except InputError as error:
                self._error = error
                raise
        self.size_bytes += len(data)
        self._tail = (
            (self._tail + data)[-TAIL_BYTES:] if len(data) < TAIL_BYTES else data[-TAIL_BYTES:]
        )
        if not data and not self.is_finished:
            self.is_finished = True
            if self.content_type.mime == UNKNOWN_MIME:
                self.content_type = sniff(self._start, size_bytes=self.size_bytes, tail=self._tail)
        elif self._kept is not None:
            self._keep(data)
        return data

    def pieces(self) -> Iterator[bytes]:
        """Give the bytes in pieces, for example to a taker of digests.

        Raises:
            InputError: The rest cannot be had.
        """
        while data := self.read():
            yield data

    def drain(self) -> None:
        """Read whatever is left; an error ends it, and stays for whoever asks."""
        try:
            while self.read():
                pass
        except InputError:
            return

    def _keep(self, data: bytes) -> None:
        is_small = self.size_bytes <= self._budget.bounds.nested_archive_max_bytes
        if is_small and self._budget.hold(len(data)) and self._kept is not None:
            self._held_bytes += len(data)
            self._kept.write(data)
        else:
            self.drop()

    def drop(self) -> None:
        """Forget what was kept."""
        self._kept = None
        self._budget.release(self._held_bytes)
        self._held_bytes = 0

    @property
    def kept(self) -> io.BytesIO | None:
        """The bytes of an archive that are in memory; None where they were too many."""
        return self._kept

    @property
    def error(self) -> InputError | None:
        """What stopped the reading."""
        return self._error


def _read_head(raw: ByteStream) -> tuple[bytes, InputError | None]:
    """Read the first bytes, and what stopped the reading if something did."""
    head = b""
    try:
        while len(head) < HEAD_BYTES and (data := raw.read(HEAD_BYTES - len(head))):
            head += data
    except InputError as error:
        return head, error
    return head, None


@dataclass(frozen=True, slots=True)
class ArchiveEnd:
    """An archive of the nest is done: all of its items came before.

    Args:
        members: Its own name inside the nest; empty for the outermost archive.
        ordinals: Its own ordinals; empty for the outermost archive.
        member_count: Members met directly inside it.
        failures: What is wrong with the archive itself, in the order it was met.
        statements: What the archive states of itself, name and text.
    """

    members: tuple[bytes, ...]
    ordinals: tuple[int, ...]
    member_count: int
    failures: tuple[Failure, ...]
    statements: tuple[tuple[str, str], ...] = ()


class ArchiveItem:
    """One member of the nest.

    Args:
        members: Names from the outermost archive inwards, exact bytes.
        ordinals: Position of each in its archive.
        facts: As the archive states them; a size of 0 may mean "not stated".
        failure: Why the content cannot be had; None when it can be opened.
        container_mime: Type of the archive that it lies in.
        caveat: What is to be said of a content that can be read all the same.
        outcome: ``SKIPPED`` (links, special files), ``NOT_OPENED`` or ``FAILED`` beside a
            failure; else None.
    """

    def __init__(
        self,
        member: Member,
        members: tuple[bytes, ...],
        ordinals: tuple[int, ...],
        budget: ArchiveBudget,
        container_mime: str,
    ) -> None:
        self.container_mime = container_mime
        self.members = members
        self.ordinals = ordinals
        self.facts: FileFacts = member.facts
        self.failure: Failure | None = member.failure
        self.outcome: Outcome | None = member.outcome
        self.caveat: Failure | None = member.caveat
        self._member = member
        self._budget = budget
        self._content: MemberContent | None = None
        self._is_passed_over = member.failure is not None

    def open(self) -> MemberContent:
        """Open the content; once, and before the next item is asked for.

        Raises:
            InputError: Not even its first bytes can be had.
        """
        if self._content is not None or self.failure is not None:
            raise InternalError("an item of an archive was opened twice, or in vain")
        try:
            self._content = MemberContent(self._member, self._budget)
        except InputError:
            self._is_passed_over = True
            raise
        return self._content

    def pass_over(self) -> None:
        """Leave this item wholly alone: its bytes are not even looked at for an archive."""
        self._is_passed_over = True

    def nested_type(self) -> str | None:
        """After the consumer is done: the type, if this is an archive to descend into."""
        if self._is_passed_over:
            return None
        if self._content is None:
            try:
                self.open()
            except InputError:
                return None
        content = self._content
        is_nested = content is not None and is_openable_archive(content.content_type.mime)
        return content.content_type.mime if content is not None and is_nested else None

    def nested_source(self, mime: str) -> tuple[ByteStream, int]:
        """After the consumer is done: the nested archive's bytes, and how many they are.

        From the source itself where they lie there unpacked; else from memory; else, for
        what can be read as a stream, by unpacking them again.

        Raises:
            InputError: They cannot be had.
        """
        member, content = self._member, self._content
        if member.window is not None:
            return member.window, member.window.size_bytes
        if content is None or member.opener is None:
            raise InternalError("an item of an archive was not opened")
        content.drain()
        if isinstance(content.error, LimitError | UnreadableError):
            raise content.error
        if content.kept is not None:
            return Window.over(content.kept), content.size_bytes
        if member.is_reopenable and not needs_seeking(mime):
            return member.opener(), content.size_bytes
        raise NotOpenedError("the archive is too large to be opened inside another one")

    def close(self) -> None:
        """Give back the memory."""
        if self._content is not None:
            self._content.drop()
