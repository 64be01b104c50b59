"""Eight orientations, each as its format states it, stand upright and are turned only once."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data

from firstlight.fingerprint.decode import decode_picture
from firstlight.fingerprint.decode_picture import turn_pixels
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.model.bounds import Bounds

PICTURE = Image.fromarray(data.coffee())
UPRIGHT = np.array(PICTURE)
# How the picture lies in the file, so that the orientation brings it upright.
LAID = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}


def laid(orientation: int, form: str, **options: object) -> bytes:
    turn = LAID[orientation]
    image = PICTURE if turn is None else PICTURE.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    held = io.BytesIO()
    image.save(held, form, exif=exif, **options)
    return held.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_agrees_with_pillow(orientation):
    turn = LAID[orientation]
    image = PICTURE if turn is None else PICTURE.transpose(Image.Transpose(turn))
    assert np.array_equal(turn_pixels(np.array(image), orientation), UPRIGHT)
    grey = np.array(image.convert("L"))
    turned = turn_pixels(grey, orientation)
    assert np.array_equal(turned, np.array(PICTURE.convert("L")))
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (257, 3), (513, 300)])
def test_turning_covers_every_tile(shape):
    grey = np.arange(shape[0] * shape[1], dtype=np.uint32).astype(np.uint8).reshape(shape)
    assert np.array_equal(turn_pixels(grey, 6), np.rot90(grey, -1))
    colour = np.stack([grey, grey + 1, grey + 2], axis=2)
    assert np.array_equal(turn_pixels(colour, 8), np.rot90(colour, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("form", "mime", "options"),
    [
        ("JPEG", "image/jpeg", {"quality": 95}),
        ("PNG", "image/png", {}),
        ("WEBP", "image/webp", {"quality": 95}),
        ("TIFF", "image/tiff", {}),
        ("TIFF", "image/tiff", {"compression": "tiff_lzw"}),
        ("AVIF", "image/avif", {"quality": 95, "speed": 10}),
    ],
    ids=["jpeg", "png", "webp", "tiff", "tiff-lzw", "avif"],
)
def test_the_stated_orientation_is_applied_once(form, mime, options, orientation):
    content = laid(orientation, form, **options)
    picture = decode_picture(content, mime, strict=True, bounds=Bounds())
    assert (picture.width_px, picture.height_px) == (600, 400)
    assert np.abs(picture.pixels.astype(int) - UPRIGHT).mean() < 6


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_jpeg_has_the_hash_of_turned_pixels(orientation):
    content = laid(orientation, "JPEG", quality=90)
    picture = decode_picture(content, "image/jpeg", strict=False, bounds=Bounds())
    upright = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("L"))
    # Two decoders round luma differently: a few bits, where a wrong turn costs a hundred.
    assert _distance(picture.pixels, upright) <= 6
    assert picture.orientation == orientation


def _distance(one: np.ndarray, other: np.ndarray) -> int:
    codes = [int.from_bytes(hash_pixels(p, route="grey").code, "big") for p in (one, other)]
    return (codes[0] ^ codes[1]).bit_count()


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_none(value):
    exif = Image.Exif()
    exif[0x0112] = value
    held = io.BytesIO()
    PICTURE.save(held, "JPEG", exif=exif)
    picture = decode_picture(held.getvalue(), "image/jpeg", strict=True, bounds=Bounds())
    assert picture.orientation == 1
    assert (picture.width_px, picture.height_px) == (600, 400)
