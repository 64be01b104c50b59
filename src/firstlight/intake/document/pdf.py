"""PDF: its pictures, also those in drawing commands, and the files attached to it.

A picture is named by the number of its object, since one object may stand on many pages. JPEG
pictures that the file no longer counts (earlier revisions, damage) are given as well.
Source: ISO 32000-2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from firstlight.errors import DecodeError, InputError, LimitError
from firstlight.intake.archive.member import Member, Unpacking, failed_member
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.document.held import held_member, need_window, window_member
from firstlight.intake.document.lines import find_next
from firstlight.intake.document.pdf_file import PdfFile, is_stream, raw_data, references
from firstlight.intake.document.pdf_inline import find_inline
from firstlight.intake.document.pdf_picture import inflate, read_picture, undo_filter
from firstlight.intake.document.pdf_value import filters_of, value_of
from firstlight.model.media import FileFacts

_CONTENT_MAX_BYTES: Final = 1 << 26
_STREAM: Final = re.compile(rb"(?<!end)stream\r?\n(?=\xff\xd8\xff|\x00\x00\x00\x0cjP  )")
_STREAM_END: Final = re.compile(rb"\r?\n?endstream|\r?\n?endobj")
_NAME_MAX_CHARS: Final = 1024


def pdf_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give pictures and attached files; what cannot be parsed costs itself."""
    document = _Document(need_window(source), unpacking)
    yield from document.members()


class _Document:
    """One PDF while it is read."""

    def __init__(self, window: Window, unpacking: Unpacking) -> None:
        self._window = window
        self._unpacking = unpacking
        self._ordinal = 0
        self._given: set[bytes] = set()
        self._attached: dict[tuple[int, int], bytes] = {}
        self._files: set[tuple[int, int]] = set()
        self._faults = 0

    def members(self) -> Iterator[Member]:
        """Give all members in one stable order."""
        file = self._guard(PdfFile, self._window, self._unpacking)
        if file is not None:
            yield from self._of_objects(file)
        if self._faults or (file is not None and file.is_damaged):
            error = DecodeError("the document is damaged; it was read as far as it goes")
            self._unpacking.report(error)
        if file is None or not file.is_encrypted:
            yield from self._unlisted()

    def _guard(self, call: Any, *arguments: Any) -> Any:
        """Call what may raise anything; None and a fault when it did."""
        try:
            return call(*arguments)
        except InputError:
            raise
        except Exception:  # noqa: BLE001 - the parser's errors on hostile files are not foreseeable
            self._faults += 1
            return None

    def _of_objects(self, file: PdfFile) -> Iterator[Member]:
        numbers = file.numbers()
        for place in numbers:
            self._unpacking.tick()
            found = self._guard(file.read, *place)
            if is_stream(found):
                yield from self._of_stream(place, found)
            else:
                self._guard(self._note_attached, found)
        for place in sorted(self._files | set(self._attached)):
            found = self._guard(file.read, *place)
            if is_stream(found):
                name = self._attached.get(place) or b"object %d" % place[0]
                yield self._attachment(name, found)

    def _of_stream(self, place: tuple[int, int], stream: Any) -> Iterator[Member]:
        kind, subtype = (str(self._guard(value_of, stream, key)) for key in ("/Type", "/Subtype"))
        # Thumbnails of pages are pictures that do not say so.
        is_picture = subtype == "/Image" or ("/Width" in stream and "/Height" in stream)
        name = b"object %d" % place[0] + (b" %d" % place[1] if place[1] else b"")
        if is_picture:
            yield self._picture(name, stream, raw_data(stream))
        elif kind == "/EmbeddedFile":
            self._files.add(place)
        elif kind in ("None", "/XObject", "/Pattern") and subtype in ("None", "/Form"):
            content = self._guard(self._content_of, stream)
            inline = self._guard(lambda: list(find_inline(content or b"")))
            for number, (picture, data) in enumerate(inline or (), 1):
                yield self._picture(name + b" inline %d" % number, picture, data)

    def _content_of(self, stream: Any) -> bytes:
        """Decode drawing commands; nothing where they are coded in a rare way."""
        data = raw_data(stream)
        for name, parameters in filters_of(stream):
            if name == "/FlateDecode":
                data = b"".join(inflate(data, self._unpacking, _CONTENT_MAX_BYTES))
            else:
                data = undo_filter(name, parameters, data, self._unpacking)
        return data

    def _picture(self, name: bytes, picture: Any, data: bytes) -> Member:
        self._unpacking.gauge.budget.count_member()
        ordinal = self._next_ordinal()
        try:
            made = self._guard(read_picture, picture, data, self._unpacking)
            if made is None:
                self._faults -= 1
                raise DecodeError("a picture in the document is damaged")
        except InputError as error:
            self._raise_if_over(error)
            return failed_member(name, ordinal, FileFacts(len(data)), error)
        name += b"." + made.ending
        if made.content is None:
            return Member(name, ordinal, FileFacts(0), opener=made.opener, is_reopenable=True)
        self._given.add(sha256(made.content).digest())
        return held_member(name, ordinal, made.content)

    def _note_attached(self, found: Any) -> None:
        """Remember which stream is a file, and under which name it was attached."""
        for dictionary in references(found):
            streams = value_of(dictionary, "/EF")
            if not isinstance(streams, dict):
                continue
            name = str(value_of(dictionary, "/UF", "/F") or "")[:_NAME_MAX_CHARS]
            for key in ("/UF", "/F", "/Unix", "/DOS", "/Mac"):
                reference = dict.get(streams, key)
                if reference is not None and hasattr(reference, "idnum"):
                    place = (reference.idnum, reference.generation)
                    self._attached.setdefault(place, name.encode("utf-8", "replace"))

    def _attachment(self, name: bytes, stream: Any) -> Member:
        self._unpacking.gauge.budget.count_member()
        ordinal = self._next_ordinal()
        data = raw_data(stream)
        try:
            for filter_name, parameters in filters_of(stream):
                data = self._guard(undo_filter, filter_name, parameters, data, self._unpacking)
                if data is None:
                    self._faults -= 1
                    raise DecodeError("an attached file of the document is damaged")
        except InputError as error:
            self._raise_if_over(error)
            return failed_member(name, ordinal, FileFacts(0), error)
        self._given.add(sha256(data).digest())
        return held_member(name, ordinal, data)

    def _unlisted(self) -> Iterator[Member]:
        """Search the file for JPEG pictures that no object in use has given."""
        position, start = 0, 0
        while (start := self._find(_STREAM, position)) >= 0:
            header = self._window.at(start, 16)
            begin = start + header.index(b"\n") + 1
            end = self._find(_STREAM_END, begin)
            size = (end if end >= 0 else self._window.size_bytes) - begin
            position = begin + max(size, 1)
            data = self._window.part(begin, size)
            if size > self._unpacking.gauge.budget.bounds.member_max_bytes:
                continue
            content = data.at(0, size)
            if any(sha256(form).digest() in self._given for form in _endings(content)):
                continue
            self._unpacking.gauge.budget.count_member()
            ending = b"jpg" if content.startswith(b"\xff") else b"jp2"
            yield window_member(b"unlisted at %d.%s" % (begin, ending), self._next_ordinal(), data)

    def _find(self, pattern: re.Pattern[bytes], position: int) -> int:
        return find_next(self._window, position, pattern, self._unpacking.tick)

    def _raise_if_over(self, error: InputError) -> None:
        if isinstance(error, LimitError) and self._unpacking.gauge.exceeded is not None:
            raise error

    def _next_ordinal(self) -> int:
        self._ordinal += 1
        return self._ordinal - 1


def _endings(content: bytes) -> Iterator[bytes]:
    """Give a content as it may have been stored: with or without the line end behind it."""
    yield content
    for mark in (b"\n", b"\r\n", b"\r"):
        yield content + mark
