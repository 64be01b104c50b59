"""Telling pictures apart: probes behind the signatures of ``content_types.json``.

Each probe takes head, tail and size of a content and names its type, or None.
"""

from __future__ import annotations

import re
from typing import Final

from firstlight.intake.content_table import type_table

_BMP_HEADER_SIZES: Final = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_ANYMAP: Final = re.compile(rb"P(?:[1-6][ \t\r\n#]|7\nWIDTH|[Ff]\n\d)")

_TAG_SUBFILE, _TAG_COMPRESSION, _TAG_PHOTOMETRIC = 254, 259, 262
_TAG_MAKER, _TAG_SUB_FOLDERS, _TAG_DNG_VERSION = 271, 330, 50706
_PHOTOMETRIC_RAW: Final = frozenset((32803, 34892))
_COMPRESSION_RAW: Final = frozenset((32767, 32769, 32770, 34713, 65000, 65535))


def probe_png(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Tell an animated PNG (animation chunk before the pixels) from a still one."""
    pixels = head.find(b"IDAT")
    animation = head.find(b"acTL", 8, pixels if pixels > 0 else len(head))
    return "image/apng" if animation > 0 else "image/png"


def probe_bmp(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept "BM" only with a header of a known size."""
    size = int.from_bytes(head[14:18], "little")
    return "image/bmp" if len(head) >= 26 and size in _BMP_HEADER_SIZES else None


def probe_icon(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Accept an icon only when its first entry points inside the file."""
    count = int.from_bytes(head[4:6], "little")
    length = int.from_bytes(head[14:18], "little")
    offset = int.from_bytes(head[18:22], "little")
    is_sane = 0 < count <= 256 and len(head) >= 22 and 6 + 16 * count <= offset < size_bytes
    return "image/x-icon" if is_sane and length > 0 and head[9] == 0 else None


def probe_pcx(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept PCX with a plausible depth."""
    return "image/x-pcx" if len(head) >= 128 and head[3] in (1, 2, 4, 8) else None


def probe_anymap(head: bytes, _tail: bytes, _size_bytes: int) -> str | None:
    """Accept the portable anymap family with a number (or comment) after the magic."""
    if not _ANYMAP.match(head):
        return None
    rest = head[2:64].lstrip()
    is_number = rest[:1].isdigit() or rest[:1] in (b"#", b"W")
    return "image/x-portable-anymap" if is_number else None


def probe_jxl(head: bytes, _tail: bytes, size_bytes: int) -> str | None:
    """Accept a bare JPEG XL code stream: two bytes are little, text starting so is rarer still."""
    return "image/jxl" if size_bytes > 12 and not head[2:12].isascii() else None


def probe_jpeg2000(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Tell Motion JPEG 2000 from the still form by the brand."""
    return "video/mj2" if head[20:24] == b"mjp2" else "image/jp2"


def probe_targa(head: bytes, tail: bytes, _size_bytes: int) -> str | None:
    """Know Targa by its trailer, the only sure mark it has."""
    return "image/x-tga" if (tail or head)[-18:] == b"TRUEVISION-XFILE.\x00" else None


def probe_tiff(head: bytes, _tail: bytes, _size_bytes: int) -> str:
    """Tell TIFF from the raw formats built on it, by magic, maker and layout of the first IFD."""
    if head[8:10] == b"CR":
        return "image/x-canon-cr2"
    if head[8:12] == b"IIII":
        return "image/x-phaseone-iiq"
    order = "little" if head[:2] == b"II" else "big"
    tags = _first_folder(head, order)
    if _TAG_DNG_VERSION in tags:
        return "image/x-adobe-dng"
    is_preview_first = tags.get(_TAG_SUBFILE) == 1 and _TAG_SUB_FOLDERS in tags
    is_raw = (
        is_preview_first
        or tags.get(_TAG_PHOTOMETRIC) in _PHOTOMETRIC_RAW
        or tags.get(_TAG_COMPRESSION) in _COMPRESSION_RAW
    )
    if not is_raw:
        return "image/tiff"
    return _raw_type(head[tags.get(_TAG_MAKER, len(head)) :][:32].lstrip().upper())


def _raw_type(maker: bytes) -> str:
    for name, mime in type_table().raw_makers:
        if maker.startswith(name):
            return mime
    return "image/x-raw" if maker else "image/tiff"


def _first_folder(head: bytes, order: str) -> dict[int, int]:
    """Read the first IFD as far as it lies in the head: tag to value, texts to their offset."""

    def number(at: int, width: int) -> int:
        return int.from_bytes(head[at : at + width], "little" if order == "little" else "big")

    start = number(4, 4)
    tags: dict[int, int] = {}
    if not 8 <= start <= len(head) - 2:
        return tags
    for row in range(min(number(start, 2), 256)):
        at = start + 2 + 12 * row
        if at + 12 > len(head):
            break
        tag, kind, count = number(at, 2), number(at + 2, 2), number(at + 4, 4)
        if kind == 2:
            tags[tag] = at + 8 if count <= 4 else number(at + 8, 4)
        else:
            tags[tag] = number(at + 8, 2 if kind == 3 else 4)
    return tags
