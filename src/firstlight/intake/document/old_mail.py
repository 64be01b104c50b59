"""Files written into the text of old mail: uuencode and yEnc."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

_BEGIN: Final = re.compile(
    rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,512})\r?\n"
    rb"|^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,512})\r?\n",
    re.MULTILINE,
)
_UU_END: Final = re.compile(rb"^(?:end|====)[ \t]*\r?$", re.MULTILINE)
_YENC_END: Final = re.compile(rb"^=yend[^\r\n]*\r?$", re.MULTILINE)
_YENC_PART: Final = re.compile(rb"=ypart [^\r\n]*\r?\n")
_BY_42: Final = bytes((byte - 42) % 256 for byte in range(256))


def find_coded_files(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give name and content of each; one that ends too early as far as it goes."""
    position = 0
    while (begin := _BEGIN.search(text, position)) is not None:
        is_yenc = begin.group(3) is not None
        end = (_YENC_END if is_yenc else _UU_END).search(text, begin.end())
        stop = end.start() if end is not None else len(text)
        body = text[begin.end() : stop]
        if is_yenc:
            content = _decode_yenc(body)
        elif begin.group(1):
            content = _decode_base64(body)
        else:
            content = _decode_uu(body)
        if content:
            yield (begin.group(3) or begin.group(2)).strip(), content
        position = stop if content else begin.end()


def _decode_uu(body: bytes) -> bytes:
    rows = []
    for line in body.splitlines():
        if not line:
            continue
        # Some programs pad lines with what no decoder expects: only what counts is taken.
        stated = ((line[0] - 32) & 63) * 4
        try:
            rows.append(binascii.a2b_uu(line[: (stated + 5) // 3 + 1]))
        except binascii.Error:
            break
    return b"".join(rows)


def _decode_base64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        return b""


def _decode_yenc(body: bytes) -> bytes:
    part = _YENC_PART.match(body)
    lines = body[part.end() if part is not None else 0 :].translate(None, b"\r\n")
    first, *escaped = lines.split(b"=")
    pieces = [first.translate(_BY_42)]
    for piece in escaped:
        if piece:
            pieces.append(bytes(((piece[0] - 64 - 42) % 256,)) + piece[1:].translate(_BY_42))
    return b"".join(pieces)
