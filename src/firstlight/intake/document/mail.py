"""Mail: one message (EML, also Apple's EMLX and MHTML) as its parts.

Every part that is no multipart is a member: attachments, inline pictures, bodies of text. A
message inside a message is a member, which is opened in its turn. Parts are cut out of the
source where they lie; nothing is parsed into a tree. Old mail's uuencoded and yEnc files inside
a text are members of their own.
Source: RFC 2045, 2046, 2047, 2183, 2231.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from firstlight.errors import DecodeError, LimitError
from firstlight.intake.archive.member import Member, Unpacking
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.content_text import EMLX_LENGTH
from firstlight.intake.content_type import HEAD_BYTES, sniff
from firstlight.intake.document.held import held_member, need_window, window_member
from firstlight.intake.document.lines import end_of_line_before, find_lines
from firstlight.intake.document.mail_header import MailHeader, read_header
from firstlight.intake.document.old_mail import find_coded_files
from firstlight.intake.document.transfer import open_transfer
from firstlight.model.media import FileFacts

_MESSAGE: Final = "message/rfc822"
_DEPTH_MAX: Final = 24
_ASIDE_MIN_BYTES: Final = 512
_CODED_TEXT_MAX_BYTES: Final = 1 << 26
_CODED: Final = ("base64", "quoted-printable")


def mail_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give the parts of a message in their order; their time is the message's ``Date``."""
    window = need_window(source)
    length = EMLX_LENGTH.match(window.at(0, 32))
    if length is not None:
        # Apple's form: a line with the length before the message, a property list behind it.
        window = window.part(length.end(), int(length.group(1)))
    header = read_header(window)
    mail = _Mail(unpacking, header.sent_ns)
    yield from mail.walk(window, header, ())


class _Mail:
    """One message while its parts are given."""

    def __init__(self, unpacking: Unpacking, sent_ns: int | None) -> None:
        self._unpacking = unpacking
        self._sent_ns = sent_ns
        self._ordinal = 0

    def walk(
        self, window: Window, header: MailHeader, numbers: tuple[int, ...]
    ) -> Iterator[Member]:
        """Give a part, or the parts inside it."""
        body = window.part(header.body_start, window.size_bytes - header.body_start)
        if len(numbers) > _DEPTH_MAX:
            self._unpacking.report(LimitError("parts of mail are nested more deeply than allowed"))
        elif header.mime.startswith("multipart/") and header.boundary:
            yield from self._walk_parts(body, header, numbers)
            return
        elif _is_unmarked_message(header, body):
            yield from self.walk(body, read_header(body), (*numbers, 1))
            return
        yield from self._leaf(body, header, numbers)

    def _walk_parts(
        self, body: Window, header: MailHeader, numbers: tuple[int, ...]
    ) -> Iterator[Member]:
        """Cut a multipart at its boundaries; what stands before and behind is kept if long."""
        mark = re.compile(rb"\n--" + re.escape(header.boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
        default = _MESSAGE if header.mime == "multipart/digest" else "text/plain"
        begin, count, is_part = 0, 0, False
        for line_start, line_end, match in find_lines(body, 0, mark, self._unpacking.tick):
            end = end_of_line_before(body, line_start, begin)
            part = body.part(begin, end - begin)
            yield from self._part(part, header, (*numbers, count), default, is_part=is_part)
            newline = body.at(line_end, 2)
            begin = line_end + (2 if newline == b"\r\n" else len(newline[:1]))
            # Behind an end mark nothing should follow; if parts do, they are given as well.
            is_part = not match.group(1)
            count += is_part
        rest = body.part(begin, body.size_bytes - begin)
        if not count:
            self._unpacking.report(DecodeError("the parts of a message cannot be told apart"))
            yield from self._leaf(rest, _as_text(header), (*numbers, 0))
            return
        yield from self._part(rest, header, (*numbers, count), default, is_part=is_part)

    def _part(
        self,
        part: Window,
        header: MailHeader,
        numbers: tuple[int, ...],
        default: str,
        *,
        is_part: bool,
    ) -> Iterator[Member]:
        """Give a part, or what stands beside the parts if it is more than the usual line."""
        if is_part:
            yield from self.walk(part, read_header(part, default), numbers)
        elif part.size_bytes >= _ASIDE_MIN_BYTES:
            yield from self._leaf(part, _as_text(header), (*numbers[:-1], 0))

    def _leaf(self, body: Window, header: MailHeader, numbers: tuple[int, ...]) -> Iterator[Member]:
        name = header.name or b"part " + ".".join(map(str, numbers or (1,))).encode()
        self._unpacking.gauge.budget.count_member()
        ordinal = self._next_ordinal()
        if header.encoding in _CODED:
            opener = partial(open_transfer, header.encoding, body, self._unpacking.gauge.spend)
            facts = FileFacts(0, mtime_ns=self._sent_ns)
            yield Member(name, ordinal, facts, opener=opener, is_reopenable=True)
            return
        yield window_member(name, ordinal, body, self._sent_ns)
        is_text = header.mime.startswith("text/") or header.encoding.startswith("x-uu")
        if is_text and body.size_bytes <= _CODED_TEXT_MAX_BYTES:
            for coded_name, content in find_coded_files(body.at(0, body.size_bytes)):
                self._unpacking.gauge.budget.count_member()
                self._unpacking.gauge.spend(len(content))
                yield held_member(coded_name, self._next_ordinal(), content, self._sent_ns)

    def _next_ordinal(self) -> int:
        self._ordinal += 1
        return self._ordinal - 1


def _as_text(header: MailHeader) -> MailHeader:
    return replace(header, mime="text/plain", encoding="", name=b"")


def _is_unmarked_message(header: MailHeader, body: Window) -> bool:
    """Whether a part is a message that would not be known for one by its content alone."""
    if header.mime != _MESSAGE or header.encoding in _CODED:
        return False
    head = body.at(0, HEAD_BYTES)
    return sniff(head, size_bytes=body.size_bytes).mime != _MESSAGE
