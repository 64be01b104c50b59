"""Colour spaces of PDF, as far as they say what the numbers of a pixel mean.

Source: ISO 32000-2, 8.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from firstlight.errors import NotOpenedError
from firstlight.intake.document.pdf_value import array, number, resolve

_CHANNELS: Final = {
    "/DeviceGray": 1, "/CalGray": 1, "/G": 1,
    "/DeviceRGB": 3, "/CalRGB": 3, "/RGB": 3,
    "/DeviceCMYK": 4, "/CMYK": 4,
}  # fmt: skip
_DEPTH_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Colour:
    """What a pixel's numbers mean.

    Args:
        channels: Numbers of one pixel.
        palette: Red, green, blue of every colour, where a pixel is a place in it.
        is_subtractive: 0 is white (a single ink).
    """

    channels: int
    palette: bytes = b""
    is_subtractive: bool = False


def read_colour(space: Any, depth: int = 0) -> Colour:
    """Read a colour space; nothing stated counts as grey.

    Raises:
        NotOpenedError: It is of a kind that is not read yet.
    """
    # References stay as they are until needed: what they name may be missing.
    parts = list(list.__iter__(space)) if isinstance(space, list) else array(space)
    if not parts:
        return Colour(1)
    name = str(resolve(parts[0]))
    if name in _CHANNELS:
        return Colour(_CHANNELS[name])
    if depth < _DEPTH_MAX and name == "/ICCBased" and len(parts) > 1:
        channels = number(resolve(parts[1]), 0, "/N")
        if channels in (1, 3, 4):
            return Colour(channels)
    if depth < _DEPTH_MAX and name in ("/Indexed", "/I") and len(parts) > 3:
        return _indexed(parts, depth)
    if name == "/Separation":
        return Colour(1, is_subtractive=True)
    raise NotOpenedError("the colours of a picture in the document are not read yet")


def _indexed(parts: list[Any], depth: int) -> Colour:
    base = read_colour(resolve(parts[1]), depth + 1)
    table = resolve(parts[3])
    if hasattr(table, "get_data"):
        data = bytes(table.get_data())
    elif isinstance(table, bytes):
        data = bytes(table)
    else:
        # A string of text: its bytes as they stand in the file.
        data = bytes(getattr(table, "original_bytes", b""))
    colours = min(max(int(resolve(parts[2])) + 1, 1), 256)
    data = data[: colours * base.channels].ljust(colours * base.channels, b"\x00")
    if base.palette or base.channels not in (1, 3, 4):
        raise NotOpenedError("the colours of a picture in the document are not read yet")
    if base.channels == 1:
        return Colour(1, b"".join(bytes((grey,)) * 3 for grey in data))
    if base.channels == 4:
        inks = (data[at : at + 4] for at in range(0, len(data), 4))
        return Colour(1, b"".join(_without_ink(*ink) for ink in inks))
    return Colour(1, data)


def _without_ink(cyan: int, magenta: int, yellow: int, black: int) -> bytes:
    return bytes((255 - ink) * (255 - black) // 255 for ink in (cyan, magenta, yellow))
