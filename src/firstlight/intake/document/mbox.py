"""Mail stores in the mbox form: one message after another, each behind a ``From `` line.

A message is a part of the source and never in memory, so a store may have any size. Lines that
the store quotes (``>From ``) stay as they are stored.
Source: RFC 4155.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from firstlight.intake.archive.member import Member, Unpacking
from firstlight.intake.archive.stream import ByteStream, Window
from firstlight.intake.document.held import need_window, window_member
from firstlight.intake.document.lines import end_of_line_before, find_lines
from firstlight.intake.document.mail_header import sent_time_ns

_FROM: Final = re.compile(
    rb"\nFrom \S{0,500}[ \t]+(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [^\r\n]{0,80}\d\d:\d\d"
    rb"[^\r\n]{0,80}\r?\n"
)
_DATE: Final = re.compile(rb"^date:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_HEADER_END: Final = re.compile(rb"\n\r?\n")
_HEADER_LOOKED_AT_BYTES: Final = 1 << 14


def mbox_members(source: ByteStream, unpacking: Unpacking) -> Iterator[Member]:
    """Give every message; its time is its ``Date``."""
    window = need_window(source)
    begin = -1
    ordinal = 0
    for line_start, line_end, _ in find_lines(window, 0, _FROM, unpacking.tick):
        if begin >= 0:
            end = end_of_line_before(window, line_start, begin)
            yield _message(window.part(begin, end - begin), ordinal, unpacking)
            ordinal += 1
        begin = line_end
    begin = max(begin, 0)
    end = window.size_bytes
    if window.at(end - 4, 4).endswith((b"\n\n", b"\n\r\n")):
        # The empty line behind a message is the store's.
        end = end_of_line_before(window, end, begin)
    yield _message(window.part(begin, end - begin), ordinal, unpacking)


def _message(part: Window, ordinal: int, unpacking: Unpacking) -> Member:
    unpacking.gauge.budget.count_member()
    head = part.at(0, _HEADER_LOOKED_AT_BYTES)
    end = _HEADER_END.search(head)
    date = _DATE.search(head, 0, end.start() + 1 if end is not None else len(head))
    sent_ns = sent_time_ns(date.group(1).decode("latin-1")) if date is not None else None
    return window_member(b"message %d.eml" % (ordinal + 1), ordinal, part, sent_ns)
