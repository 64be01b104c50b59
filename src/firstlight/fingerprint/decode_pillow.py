"""Pictures of the many kinds that Pillow decodes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from firstlight.errors import DecodeError, LimitError, NotOpenedError, TruncatedError
from firstlight.fingerprint.decode_colour import flatten
from firstlight.fingerprint.decode_end import is_cut_off
from firstlight.fingerprint.decode_frames import count_gif_frames, count_tiff_pages
from firstlight.fingerprint.decode_ifd import read_orientation
from firstlight.fingerprint.decode_picture import (
    ROUTE_STRICT,
    Content,
    DecodeOptions,
    Picture,
    check_pixel_bound,
    decoder_faults,
    turn_pixels,
)
from firstlight.model.bounds import Bounds

if TYPE_CHECKING:
    from PIL import Image

# Pillow's limits are variables of its modules: one decoding at a time may set them.
_LOCK: Final = RLock()

# Pillow turns these upright while loading; turning them again would be wrong.
_TURNED_BY_PILLOW: Final = frozenset(("TIFF",))


@cache
def pillow_formats() -> Mapping[str, Mapping[str, str]]:
    """Give the table of types that go through Pillow: format, plugin module and label."""
    text = files(__package__).joinpath("decode_pillow.json").read_text("utf-8")
    table: dict[str, dict[str, str]] = json.loads(text)
    return table


def load_plugins() -> None:
    """Import every plugin of the table now (before a worker loses the right to open files)."""
    for entry in pillow_formats().values():
        import_module(f"PIL.{entry['plugin']}")
    for name in ("ImageCms", "ImageOps", "ImagePalette", "ImageSequence", "ImageMath"):
        import_module(f"PIL.{name}")


def decode_pillow(content: Content, options: DecodeOptions) -> Picture:
    """Decode the first frame or page of a picture through Pillow, upright, alpha over white.

    Args:
        content: The whole file.
        options: Of these, the type (one of ``pillow_formats``) and the bounds.

    Raises:
        NotOpenedError: The type is not in the table.
        LimitError: More pixels than the bound, or out of memory.
        DecodeError: Nothing of it decodes.
        TruncatedError: Nothing of it decodes, because the end is missing.
    Cost: One decode; a damaged file is decoded twice, the second time as far as it goes.
    """
    entry = pillow_formats().get(options.mime)
    if entry is None:
        raise NotOpenedError("pictures of this type are not decoded yet")
    try:
        return _decode(content, entry, options.bounds, as_far_as_it_goes=False)
    except DecodeError as first:
        try:
            return _decode(content, entry, options.bounds, as_far_as_it_goes=True)
        except DecodeError:
            if "too early" in first.message or is_cut_off(content):
                raise TruncatedError(
                    f"{entry['label']} ends before enough of it is there", detail=first.detail
                ) from first
            raise first from None


def _decode(
    content: Content, entry: Mapping[str, str], bounds: Bounds, *, as_far_as_it_goes: bool
) -> Picture:
    label = entry["label"]
    with _pillow_limits(bounds, as_far_as_it_goes, label), decoder_faults(label):
        from PIL import Image

        plugin = import_module(f"PIL.{entry['plugin']}")
        if hasattr(plugin, "DEFAULT_MAX_THREADS"):
            # A worker has one processor; more threads only cost memory.
            setattr(plugin, "DEFAULT_MAX_THREADS", 1)  # noqa: B010  (the stubs lack it)
        with Image.open(io.BytesIO(content), formats=entry["format"].split()) as image:
            check_pixel_bound(*image.size, label, bounds)
            frame_count = _count_frames(image, content)
            exif = _exif_of(image)
            image.load()
            check_pixel_bound(*image.size, label, bounds)
            pixels, has_alpha, notes = flatten(image)
    if as_far_as_it_goes and pixels.min() == pixels.max():
        raise DecodeError(f"{label} does not decode: its data is damaged")
    orientation = read_orientation(exif) if exif else 1
    if entry["format"] in _TURNED_BY_PILLOW:
        orientation = 1
    pixels = turn_pixels(pixels, orientation)
    return Picture(
        pixels=pixels,
        route=ROUTE_STRICT,
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        frame_count=frame_count,
        is_truncated=as_far_as_it_goes,
        orientation=orientation,
        has_alpha=has_alpha,
        exif=exif,
        notes=notes,
    )


@contextmanager
def _pillow_limits(bounds: Bounds, as_far_as_it_goes: bool, label: str) -> Iterator[None]:
    from PIL import Image, ImageFile

    with _LOCK:
        before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
        # Pillow only warns up to twice this number and raises beyond: our own check comes first.
        Image.MAX_IMAGE_PIXELS = bounds.picture_max_pixels
        ImageFile.LOAD_TRUNCATED_IMAGES = as_far_as_it_goes
        try:
            yield
        except DecodeError as error:
            if isinstance(error.__cause__, Image.DecompressionBombError):
                raise LimitError(
                    f"{label} is larger than the bound of {bounds.picture_max_pixels} pixels"
                ) from error
            raise
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _count_frames(image: Image.Image, content: Content) -> int | None:
    # Pillow's own count of these two has no bound.
    if image.format == "GIF":
        return count_gif_frames(content)
    if image.format == "TIFF":
        return count_tiff_pages(content)
    count: Any = getattr(image, "n_frames", 1)
    return int(count) if isinstance(count, int) and count > 0 else 1


def _exif_of(image: Image.Image) -> bytes | None:
    block = image.info.get("exif")
    if not isinstance(block, bytes) or len(block) < 8:
        return None
    return block[6:] if block.startswith(b"Exif\x00\x00") else block
