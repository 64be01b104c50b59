"""Headers of mail and of its parts: type, boundary, name, date. Hostile input is expected."""

from __future__ import annotations

import calendar
import email.header
import email.message
import email.parser
import email.policy
import email.utils
import re
from dataclasses import dataclass
from typing import Final

from firstlight.intake.archive.stream import Window

HEADER_MAX_BYTES: Final = 1 << 17
_NO_FIELD: Final = re.compile(rb"^(?![!-9;-~]+[ \t]*:|[ \t]+\S|From |>From )", re.MULTILINE)
_BOUNDARY_MAX_CHARS: Final = 256
_FIELD_MAX_CHARS: Final = 1 << 13
_NAME_MAX_BYTES: Final = 1 << 10
# What the standard library is known to raise on headers that are no headers.
_HEADER_ERRORS: Final = (
    ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError,
    email.errors.MessageError,
)  # fmt: skip


class _ExactPolicy(email.policy.Compat32):
    """Gives header values as they stand, undecodable bytes as surrogates."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002
        # The library's cost grows with the square of a field's length.
        return value[:_FIELD_MAX_CHARS]


_PARSER: Final = email.parser.BytesHeaderParser(policy=_ExactPolicy())


@dataclass(frozen=True, slots=True)
class MailHeader:
    """What is used of a header.

    Args:
        body_start: Where the content begins, from the start of the window.
        mime: Lower case; ``text/plain`` where nothing is stated.
        encoding: Name of the transfer encoding, lower case.
        boundary: Of a multipart; empty when there is none.
        name: The file's name in UTF-8; bytes that belong to no character as they are.
        sent_ns: The ``Date`` field; without a zone it counts as UTC.
    """

    body_start: int
    mime: str
    encoding: str
    boundary: bytes
    name: bytes
    sent_ns: int | None


def read_header(window: Window, default_mime: str = "text/plain") -> MailHeader:
    """Read the header at the start of a window; never fails, at worst it says nothing.

    Args:
        default_mime: What a part is that does not say what it is.
    """
    head = window.at(0, HEADER_MAX_BYTES)
    # A header ends at an empty line; or, without one, at the first line that is no field.
    end = _NO_FIELD.search(head)
    stop = end.start() if end is not None else len(head)
    empty = next((mark for mark in (b"\r\n", b"\n") if head.startswith(mark, stop)), b"")
    body_start = stop + len(empty)
    try:
        message = _PARSER.parsebytes(head[:stop] + b"\n")
    except _HEADER_ERRORS:
        return MailHeader(body_start, default_mime, "", b"", b"", None)
    encoding = str(message.get("content-transfer-encoding", "")).partition(";")[0]
    return MailHeader(
        body_start,
        _mime_of(message) if "content-type" in message else default_mime,
        encoding.strip().lower(),
        _boundary_of(message),
        _name_of(message),
        sent_time_ns(str(message.get("date", ""))),
    )


def _mime_of(message: email.message.Message) -> str:
    try:
        return message.get_content_type()
    except _HEADER_ERRORS:
        return "text/plain"


def _boundary_of(message: email.message.Message) -> bytes:
    try:
        boundary = message.get_boundary()
    except _HEADER_ERRORS:
        return b""
    if not boundary or len(boundary) > _BOUNDARY_MAX_CHARS:
        return b""
    return boundary.encode("utf-8", "surrogateescape").strip()


def _name_of(message: email.message.Message) -> bytes:
    try:
        stated = message.get_filename() or ""
        words = email.header.decode_header(stated) if "=?" in stated else [(stated, None)]
        parts = [
            word.encode("utf-8", "surrogateescape")
            if isinstance(word, str)
            else _in_utf8(word, charset)
            for word, charset in words
        ]
    except _HEADER_ERRORS:
        return b""
    return b"".join(parts).strip()[:_NAME_MAX_BYTES]


def _in_utf8(word: bytes, charset: str | None) -> bytes:
    if charset is None:
        return word
    try:
        return word.decode(charset).encode("utf-8")
    except (LookupError, ValueError):
        return word


def sent_time_ns(date: str) -> int | None:
    """Read a ``Date`` field; None where it gives no time between 1970 and 2262."""
    try:
        parsed = email.utils.parsedate_tz(date[:200])
        if parsed is None:
            return None
        seconds = calendar.timegm((*parsed[:6], 0, 0, 0)) - (parsed[9] or 0)
    except _HEADER_ERRORS:
        return None
    return seconds * 10**9 if 0 <= seconds < 9_223_372_036 else None
