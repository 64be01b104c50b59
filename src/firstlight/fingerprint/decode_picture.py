"""What decoding gives: the pixels of a picture as it is meant to be shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import DecodeError, FirstlightError, LimitError
from firstlight.model.bounds import Bounds

Pixels = NDArray[np.uint8]
PixelSink = Callable[[Pixels], None]
Content = bytes | memoryview

ROUTE_GREY: Final = "grey"
ROUTE_STRICT: Final = "strict"

_TILE_PX: Final = 256
_TURNED_SIDEWAYS: Final = frozenset((5, 6, 7, 8))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The pixels of one picture, turned and coloured as it is meant to be shown.

    Args:
        pixels: Grey or RGB.
        route: ``grey`` (luma of a JPEG) or ``strict`` (all channels were decoded).
        width_px, height_px: As shown, that is after the stated orientation.
        frame_count: Frames or pages; None when not known.
        is_truncated: Part of the content is missing or damaged; what decoded is here.
        orientation: Exif orientation that was applied, 1 to 8.
        has_alpha: The content has transparency; it lies over white here.
        exif: The Exif block (a TIFF structure), where the decoder met one.
        notes: What was done to the pixels beyond plain decoding, for people.
    Shapes: pixels (height, width) or (height, width, 3) uint8, C order.
    """

    pixels: Pixels
    route: str
    width_px: int
    height_px: int
    frame_count: int | None = 1
    is_truncated: bool = False
    orientation: int = 1
    has_alpha: bool = False
    exif: bytes | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How to decode: what every decoder is given beside the content.

    Args:
        mime: The type as the content tells it.
        strict: Decode JPEG to RGB instead of its luma alone.
        bounds: Size and pixel bounds.
    """

    mime: str
    strict: bool
    bounds: Bounds


def check_pixel_bound(width_px: int, height_px: int, label: str, bounds: Bounds) -> None:
    """Refuse a picture before its pixels take memory.

    Raises:
        LimitError: Width times height exceeds the bound.
        DecodeError: The picture says that it has no pixels.
    """
    if width_px <= 0 or height_px <= 0:
        raise DecodeError(f"{label} does not decode: it states no size")
    if width_px * height_px > bounds.picture_max_pixels:
        raise LimitError(
            f"{label} is larger than the bound: {width_px} x {height_px} pixels, "
            f"bound {bounds.picture_max_pixels}"
        )


def turn_pixels(pixels: Pixels, orientation: int) -> Pixels:
    """Turn pixels as an Exif orientation (1 to 8) asks, so that they stand as shown.

    Shapes: pixels (h, w) or (h, w, 3) uint8; result the same, (w, h) for 5 to 8, C order.
    Cost: One copy, in tiles: a plain transposition of 12 MP misses the cache and costs
        six times as much.
    """
    if orientation not in range(2, 9):
        return np.ascontiguousarray(pixels)
    # Three bytes as one item: numpy copies one item far faster than three of one byte.
    plane = _as_plane(pixels)
    if orientation in _TURNED_SIDEWAYS:
        plane = plane.T
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    turned = _copy_in_tiles(plane) if orientation in _TURNED_SIDEWAYS else plane.copy(order="C")
    if pixels.ndim == 2:
        return turned
    return turned.view(np.uint8).reshape(*turned.shape, 3)


def _as_plane(pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.ndim == 2:
        return pixels
    triples: NDArray[np.uint8] = np.ascontiguousarray(pixels).view("V3")[:, :, 0]
    return triples


def _copy_in_tiles(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    copy = np.empty(plane.shape, plane.dtype)
    height, width = plane.shape
    for top in range(0, height, _TILE_PX):
        for left in range(0, width, _TILE_PX):
            tile = np.s_[top : top + _TILE_PX, left : left + _TILE_PX]
            copy[tile] = plane[tile]
    return copy


@contextmanager
def decoder_faults(label: str) -> Iterator[None]:
    """Turn whatever a decoder raises into an error of ours that is safe to log.

    Warnings are silenced: decoders warn with text of the content.

    Raises:
        LimitError: The decoder ran out of memory.
        DecodeError: Anything else; what the decoder said goes into ``detail``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FirstlightError:
        raise
    except MemoryError as error:
        raise LimitError(f"{label} needs more memory than a worker may use") from error
    except Exception as error:
        raise DecodeError(
            f"{label} does not decode: {_safe_cause(error)}",
            detail=f"{type(error).__name__}: {error}"[:500],
        ) from error


# What decoders say may quote the content; these causes, recognised by a word, do not.
_CAUSES: Final = (
    ("crc", "bad checksum"),
    ("checksum", "bad checksum"),
    ("truncated", "it ends too early"),
    ("premature", "it ends too early"),
    ("end of file", "it ends too early"),
    ("end of data", "it ends too early"),
    ("not enough data", "it ends too early"),
    ("cannot identify", "its structure is not of this type"),
    ("not a ", "its structure is not of this type"),
    ("no start of image", "its structure is not of this type"),
    ("unsupported", "a kind that is not supported"),
    ("not supported", "a kind that is not supported"),
    ("unknown pixel mode", "a kind that is not supported"),
    ("not implemented", "a kind that is not supported"),
    ("precision", "a kind that is not supported"),
)


def _safe_cause(error: Exception) -> str:
    text = str(error).lower()
    for word, cause in _CAUSES:
        if word in text:
            return cause
    return "its data is damaged"
