"""Telling texts apart: plain, HTML, XML, JSON, mail. Only the head is looked at."""

from __future__ import annotations

import codecs
import re
from typing import Final

_LOOKED_AT_BYTES: Final = 1 << 13
_CONTROLS: Final = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_MAIL_FIELD: Final = re.compile(
    rb"^(?:received|return-path|delivered-to|from|to|cc|subject|date|message-id|mime-version|"
    rb"reply-to|content-type|content-transfer-encoding|x-[a-z0-9-]+|dkim-signature|"
    rb"arc-seal|authentication-results|envelope-to|sender):",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_END: Final = re.compile(rb"\n\r?\n")
_MBOX: Final = re.compile(rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) .*\d{4}.*\r?\n")
_MAIL_ALONE: Final = frozenset(
    (
        b"received:",
        b"return-path:",
        b"delivered-to:",
        b"from:",
        b"to:",
        b"subject:",
        b"message-id:",
        b"mime-version:",
    )
)
EMLX_LENGTH: Final = re.compile(rb"(\d{1,10}) *\r?\n")
"""The first line of Apple's form of a message: its length."""
_JSON: Final = re.compile(r'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:["\[\]{\d-]|true|false|null|$))')
_TYPES: Final = (
    (re.compile(r"\s*(?:<!doctype html|<html|<head|<body)", re.IGNORECASE), "text/html"),
    (re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]",
                re.DOTALL), "image/svg+xml"),
    (re.compile(r"\s*<\?xml[^>]*>\s*(?:<!doctype html[^>]*>\s*)?<html", re.IGNORECASE),
     "text/html"),
    (re.compile(r"\s*<\?xml[^>]*>\s*<project\s[^>]*cellebrite\.com/report"),
     "application/x-ufdr-report+xml"),
    (re.compile(r"\s*<\?xml\s"), "text/xml"),
    (re.compile(r"\s*<\?xpacket\s|\s*<x:xmpmeta"), "text/xml"),
    (re.compile(r"BEGIN:VCARD\s"), "text/vcard"),
    (re.compile(r"BEGIN:VCALENDAR\s"), "text/calendar"),
    (_JSON, "application/json"),
)  # fmt: skip


def probe_text(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Name the kind of text a content is; None when it is no text."""
    part = head[:_LOOKED_AT_BYTES]
    if _MBOX.match(part):
        return "application/mbox"
    if _is_mail(part):
        return "message/rfc822"
    text = _decode(part, is_cut=size_bytes > len(part))
    if text is None:
        return None
    for pattern, mime in _TYPES:
        if pattern.match(text):
            return mime
    return "text/plain"


def _is_mail(part: bytes) -> bool:
    length = EMLX_LENGTH.match(part)
    start = length.end() if length is not None else 0
    if _MAIL_FIELD.match(part, start) is None:
        return False
    end = _HEADER_END.search(part, start)
    stop = end.start() + 1 if end is not None else len(part)
    fields = {match.group().lower() for match in _MAIL_FIELD.finditer(part, start, stop)}
    # What answers of web servers carry as well does not make a mail.
    return len(fields) >= 3 and bool(fields & _MAIL_ALONE)


def _decode(part: bytes, *, is_cut: bool) -> str | None:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if part.startswith(mark):
            text = part[len(mark) :].decode(encoding, "replace")
            is_sane = text.count("\ufffd") <= 1 + len(text) // 50 and "\x00" not in text
            return text if is_sane else None
    if len(part.translate(None, _CONTROLS)) != len(part):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(part, final=not is_cut)
    except UnicodeDecodeError:
        return _decode_single_byte(part)


def _decode_single_byte(part: bytes) -> str | None:
    """Take an old single-byte text for one when most of it is plain letters."""
    plain = sum(byte < 128 for byte in part)
    return part.decode("latin-1") if plain * 10 >= len(part) * 7 else None
