"""Pictures written into the drawing commands of a PDF page (inline images).

Source: ISO 32000-2, 8.9.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from firstlight.intake.document.pdf_value import filters_of, number, value_of

_BEGIN: Final = re.compile(rb"(?<!\S)BI\s")
_DATA: Final = re.compile(rb"\sID\s")
_DICTIONARY_MAX_BYTES: Final = 2000
_MISSES_MAX: Final = 10_000
_END: Final = re.compile(rb"\sEI(?=[\sQ]|\Z)")
_BEHIND_BYTES: Final = 24
_PLAIN: Final = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_STENCIL_SIDE_PX: Final = 256
_CHANNELS: Final = {
    "/G": 1, "/DeviceGray": 1, "/RGB": 3, "/DeviceRGB": 3, "/CMYK": 4, "/DeviceCMYK": 4,
}  # fmt: skip


def find_inline(content: bytes) -> Iterator[tuple[Any, bytes]]:
    """Give dictionary and data of every picture; small stencils, as of letters, are left out."""
    position = misses = 0
    while misses < _MISSES_MAX and (data := _DATA.search(content, position)) is not None:
        lead = content[max(position, data.start() - _DICTIONARY_MAX_BYTES) : data.start()]
        begins = [match.end() for match in _BEGIN.finditer(lead)]
        picture = _read_dictionary(lead[begins[-1] :]) if begins else None
        position = data.end()
        if picture is None:
            misses += 1
            continue
        position = max(_end_of(content, data.end(), picture), data.end())
        if not _is_small_stencil(picture):
            yield picture, content[data.end() : position]


def _read_dictionary(text: bytes) -> Any:
    from pypdf.generic import DictionaryObject

    try:
        return DictionaryObject.read_from_stream(BytesIO(b"<<" + text + b" >>"), None)
    except Exception:  # noqa: BLE001 - what the parser raises on hostile text is not foreseeable
        return None


def _end_of(content: bytes, start: int, picture: Any) -> int:
    """Find the end of the data: by its size where nothing is coded, else by what follows."""
    if not filters_of(picture):
        channels = _CHANNELS.get(str(value_of(picture, "/CS", "/ColorSpace")), 1)
        bits = 1 if value_of(picture, "/IM", "/ImageMask") else number(picture, 8, "/BPC")
        row_bytes = -(-number(picture, 0, "/W", "/Width") * channels * bits // 8)
        size = row_bytes * number(picture, 0, "/H", "/Height")
        if 0 < size <= len(content) - start:
            return start + size
    position = start
    while (end := _END.search(content, position)) is not None:
        behind = content[end.end() : end.end() + _BEHIND_BYTES]
        if all(byte in _PLAIN for byte in behind):
            return end.start()
        position = end.end()
    return len(content)


def _is_small_stencil(picture: Any) -> bool:
    sides = (number(picture, 0, "/W", "/Width"), number(picture, 0, "/H", "/Height"))
    return bool(value_of(picture, "/IM", "/ImageMask")) and max(sides) <= _STENCIL_SIDE_PX
