"""Files written into the text of old mail: uuencode and yEnc.

Source: POSIX, uuencode; the yEnc draft 1.3.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final

_BEGIN: Final = re.compile(
    rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,512})\r?\n"
    rb"|^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,512})\r?\n",
    re.MULTILINE,
)
_LINE: Final = re.compile(rb"[^\n]*\n?")
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_YENC_PART: Final = re.compile(rb"=ypart [^\r\n]*\r?\n")
_BY_42: Final = bytes((byte - 42) % 256 for byte in range(256))
_UU_LINE_MAX_BYTES: Final = 128


def find_coded_files(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give name and content of each; one that ends too early as far as it goes."""
    position = 0
    while (begin := _BEGIN.search(text, position)) is not None:
        start = begin.end()
        if begin.group(3) is not None:
            end = text.find(b"\n=yend ", start - 1)
            position = end if end >= 0 else len(text)
            content = _decode_yenc(text[start:position])
        else:
            decode = _decode_base64 if begin.group(1) else _decode_uu
            content, position = _decode_lines(text, start, decode)
        if content:
            yield (begin.group(3) or begin.group(2)).strip(), content


def _decode_lines(
    text: bytes, position: int, decode: Callable[[bytes], bytes | None]
) -> tuple[bytes, int]:
    """Decode line by line up to the first that is none of the file; and say where that is."""
    rows: list[bytes] = []
    while position < len(text) and (match := _LINE.match(text, position)) is not None:
        row = decode(match.group().rstrip(b"\r\n"))
        if row is None:
            break
        rows.append(row)
        position = match.end()
    return b"".join(rows), position


def _decode_uu(line: bytes) -> bytes | None:
    if not line or len(line) > _UU_LINE_MAX_BYTES:
        return None
    # Some programs pad lines with what no decoder expects: only what counts is taken.
    stated = ((line[0] - 32) & 63) * 4
    try:
        return binascii.a2b_uu(line[: (stated + 5) // 3 + 1])
    except binascii.Error:
        return None


def _decode_base64(line: bytes) -> bytes | None:
    if _BASE64_LINE.fullmatch(line) is None:
        return None
    try:
        return binascii.a2b_base64(line)
    except binascii.Error:
        return None


def _decode_yenc(body: bytes) -> bytes:
    part = _YENC_PART.match(body)
    lines = body[part.end() if part is not None else 0 :].translate(None, b"\r\n")
    first, *escaped = lines.split(b"=")
    pieces = [first.translate(_BY_42)]
    for piece in escaped:
        if piece:
            pieces.append(bytes(((piece[0] - 64 - 42) % 256,)) + piece[1:].translate(_BY_42))
    return b"".join(pieces)
