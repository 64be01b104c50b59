"""Thumbnails: found where cameras put them, compared without false alarms."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image
from skimage import data

from firstlight.fingerprint.pdq import hash_pixels
from firstlight.fingerprint.thumbnail import compare_thumbnail, find_thumbnail
from firstlight.model.bounds import Bounds

BOUNDS = Bounds()
PICTURE = Image.fromarray(data.coffee())
OTHER = Image.fromarray(data.chelsea())


def jpeg(image: Image.Image, **options: object) -> bytes:
    held = io.BytesIO()
    image.save(held, "JPEG", quality=85, **options)
    return held.getvalue()


def exif_with(thumbnail: bytes) -> bytes:
    """An Exif block of two directories, the second with a thumbnail."""
    first = struct.pack("<H", 1) + struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0)
    second_at = 8 + len(first) + 4
    second = struct.pack("<H", 2)
    at = second_at + 2 + 24 + 4
    second += struct.pack("<HHII", 0x0201, 4, 1, at)
    second += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail))
    return (
        b"II*\x00" + struct.pack("<I", 8) + first + struct.pack("<I", second_at)
        + second + struct.pack("<I", 0) + thumbnail
    )  # fmt: skip


def with_thumbnail(image: Image.Image, thumbnail: bytes) -> bytes:
    return jpeg(image, exif=b"Exif\x00\x00" + exif_with(thumbnail))


def compare(image: Image.Image, thumbnail: Image.Image) -> bool | None:
    return compare_thumbnail(
        jpeg(thumbnail),
        hash_pixels(np.array(image), route="strict"),
        width_px=image.width,
        height_px=image.height,
        bounds=BOUNDS,
    )


def letterboxed(image: Image.Image) -> Image.Image:
    small = image.resize((160, 107))
    boxed = Image.new("RGB", (160, 120))
    boxed.paste(small, (0, 6))
    return boxed


def test_a_thumbnail_is_found_byte_for_byte():
    thumbnail = jpeg(PICTURE.resize((160, 120)))
    assert find_thumbnail(with_thumbnail(PICTURE, thumbnail), "image/jpeg") == thumbnail
    assert find_thumbnail(b"", "image/heic", exif_with(thumbnail)) == thumbnail
    boxed = b"\x00\x00\x00\x18ftypheic" + bytes(99) + b"Exif\x00\x00" + exif_with(thumbnail)
    assert find_thumbnail(boxed + bytes(50), "image/heic") == thumbnail


def test_a_picture_without_thumbnail_has_none():
    assert find_thumbnail(jpeg(PICTURE), "image/jpeg") is None
    assert find_thumbnail(b"", "image/jpeg") is None
    assert find_thumbnail(b"not a picture", "image/png") is None


@pytest.mark.parametrize("size", [(160, 107), (160, 120), (100, 67), (320, 213)])
def test_a_small_copy_does_not_differ(size):
    assert compare(PICTURE, PICTURE.resize(size)) is False


def test_bars_and_a_forgotten_turn_are_no_difference():
    assert compare(PICTURE, letterboxed(PICTURE)) is False
    turned = PICTURE.transpose(Image.Transpose.ROTATE_90)
    assert compare(turned, PICTURE.resize((160, 107))) is False
    assert compare(turned, letterboxed(PICTURE)) is False


def test_another_picture_and_the_picture_before_a_crop_differ():
    assert compare(PICTURE, OTHER.resize((160, 107))) is True
    cropped = PICTURE.crop((150, 100, 500, 330))
    assert compare(cropped, PICTURE.resize((160, 107))) is True


def test_what_says_too_little_is_not_compared():
    flat = Image.new("RGB", (600, 400), (90, 90, 90))
    assert compare(flat, PICTURE.resize((160, 107))) is None
    assert compare(PICTURE, flat.resize((160, 107))) is None
    broken = compare_thumbnail(
        b"\xff\xd8 no thumbnail",
        hash_pixels(np.array(PICTURE), route="strict"),
        width_px=600,
        height_px=400,
        bounds=BOUNDS,
    )
    assert broken is None
