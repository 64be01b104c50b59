"""Near-copies: what people and programs do to a picture before it is found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

WITHIN, PARTLY, BEYOND = "within", "partly", "beyond"
"""Whether PDQ at its usual radius is meant to find a change: always, often, or not."""


@dataclass(frozen=True, slots=True)
class Change:
    """One way of making a near-copy.

    Args:
        make: From an upright picture to the changed one.
        quality: Of the JPEG that is written.
        reach: ``within``, ``partly`` or ``beyond`` what PDQ is meant to find.
    """

    make: Callable[[Image.Image], Image.Image]
    quality: int
    reach: str


def _as_it_is(image: Image.Image) -> Image.Image:
    return image


def _scaled(image: Image.Image, longest_px: float) -> Image.Image:
    share = longest_px / max(image.size)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _half(image: Image.Image) -> Image.Image:
    return _scaled(image, max(image.size) / 2)


def _thumb(image: Image.Image) -> Image.Image:
    return _scaled(image, 128)


def _blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 400))


def _brightened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.2)


def _bordered(image: Image.Image) -> Image.Image:
    edge = round(max(image.size) * 0.05)
    framed = Image.new("RGB", (image.width + 2 * edge, image.height + 2 * edge), "white")
    framed.paste(image, (edge, edge))
    return framed


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    def crop(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share), round(image.height * share)
        return image.crop((x, y, image.width - x, image.height - y))

    return crop


def _overlaid(image: Image.Image) -> Image.Image:
    copy = image.copy()
    left, top = round(image.width * 0.6), round(image.height * 0.86)
    right, bottom = round(image.width * 0.9), round(image.height * 0.94)
    ImageDraw.Draw(copy).rectangle((left, top, right, bottom), fill="black")
    return copy


def _mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _quarter_turned(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_90)


def _tilted(image: Image.Image) -> Image.Image:
    return image.rotate(2, Image.Resampling.BICUBIC, fillcolor="black")


CHANGES: dict[str, Change] = {
    "recompressed-90": Change(_as_it_is, 90, WITHIN),
    "recompressed-75": Change(_as_it_is, 75, WITHIN),
    "recompressed-50": Change(_as_it_is, 50, WITHIN),
    "recompressed-20": Change(_as_it_is, 20, WITHIN),
    "half-size": Change(_half, 85, WITHIN),
    "128-px": Change(_thumb, 85, PARTLY),
    "blurred": Change(_blurred, 85, WITHIN),
    "brightened": Change(_brightened, 85, WITHIN),
    "mirrored": Change(_mirrored, 85, WITHIN),
    "quarter-turned": Change(_quarter_turned, 85, WITHIN),
    "cropped-1": Change(_cropped(0.01), 85, PARTLY),
    "cropped-2.5": Change(_cropped(0.025), 85, BEYOND),
    "cropped-5": Change(_cropped(0.05), 85, BEYOND),
    "bordered": Change(_bordered, 85, BEYOND),
    "overlaid": Change(_overlaid, 85, PARTLY),
    "turned-2-degrees": Change(_tilted, 85, BEYOND),
}
"""Every near-copy, by the name it has in the truth."""


def make_copy(upright: Image.Image, change_name: str) -> bytes:
    """Make a near-copy as a JPEG without metadata."""
    change = CHANGES[change_name]
    return save_jpeg(change.make(upright), change.quality)


def save_jpeg(image: Image.Image, quality: int, **options: object) -> bytes:
    """Write a JPEG without any metadata but what the options give."""
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def pixels_of(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a picture's RGB pixels."""
    return np.asarray(image.convert("RGB"), np.uint8)
