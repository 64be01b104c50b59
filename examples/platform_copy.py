"""What platforms do to a picture: smaller, coded again, everything about the camera gone."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from examples.copies import save_jpeg


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of platform, none in particular.

    Args:
        share: Of the longest side that is left.
        quality: Of its JPEGs.
        is_progressive: Whether it writes progressive JPEGs.
    """

    share: float
    quality: int
    is_progressive: bool


PLATFORMS: dict[str, Platform] = {
    "messenger": Platform(0.8, 72, is_progressive=False),
    "network": Platform(0.64, 71, is_progressive=True),
    "board": Platform(0.9, 85, is_progressive=False),
    "album": Platform(1.0, 80, is_progressive=True),
}


def strip_as_platform(upright: Image.Image, name: str) -> bytes:
    """Make the copy that a platform hands out."""
    platform = PLATFORMS[name]
    size = (round(upright.width * platform.share), round(upright.height * platform.share))
    small = upright.resize(size, Image.Resampling.BICUBIC) if platform.share < 1 else upright
    return save_jpeg(small, platform.quality, progressive=platform.is_progressive)
