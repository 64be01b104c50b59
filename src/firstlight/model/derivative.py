"""Derivatives: what may be kept in place of a picture: grey, blurred and small.

A derivative is planes of grey values, one byte each, and nothing else: every row of bytes of the
right length is one, so that nothing a worker makes of hostile bytes can harm whoever shows it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from firstlight.errors import DecodeError

_MAGIC: Final = b"FLDV"
_FORM: Final = 1
_HEAD: Final = struct.Struct(">4sBBBB")
_SIDE_MAX_PX: Final = 64
_FRAMES_MAX: Final = 16

DERIVATIVE_MAX_BYTES: Final = _HEAD.size + _FRAMES_MAX * _SIDE_MAX_PX**2


@dataclass(frozen=True, slots=True)
class Derivative:
    """What is kept of one picture, or of some frames of one video.

    Args:
        width_px, height_px: Of each plane.
        planes: Grey values, row by row, one plane after another.
    """

    width_px: int
    height_px: int
    planes: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Write it as it is kept."""
        head = _HEAD.pack(_MAGIC, _FORM, len(self.planes), self.width_px, self.height_px)
        return head + b"".join(self.planes)

    @classmethod
    def from_bytes(cls, content: bytes) -> Derivative:
        """Read what ``to_bytes`` wrote.

        Raises:
            DecodeError: It is something else.
        """
        if len(content) < _HEAD.size:
            raise DecodeError("no derivative: it is too short")
        magic, form, count, width, height = _HEAD.unpack_from(content)
        if magic != _MAGIC or form != _FORM:
            raise DecodeError("no derivative: it is of another form")
        is_small = 0 < width <= _SIDE_MAX_PX and 0 < height <= _SIDE_MAX_PX
        size = width * height
        is_whole = len(content) == _HEAD.size + count * size
        if not (is_small and is_whole and 0 < count <= _FRAMES_MAX):
            raise DecodeError("no derivative: its size is not as it says")
        planes = tuple(content[at : at + size] for at in range(_HEAD.size, len(content), size))
        return cls(width, height, planes)
