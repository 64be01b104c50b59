"""HEIC: the pixels, turned once, alive after the decoder has gone, and safe when altered."""

from __future__ import annotations

import gc
import io
import random
from contextlib import suppress

import numpy as np
import pytest
from examples.heic import has_heic_encoder, write_heic
from PIL import Image
from skimage import data

from firstlight.errors import InputError, LimitError, TruncatedError
from firstlight.fingerprint.decode import decode_picture
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.model.bounds import Bounds

BOUNDS = Bounds()
PICTURE = Image.fromarray(data.coffee())
needs_encoder = pytest.mark.skipif(not has_heic_encoder(), reason="ffmpeg has no HEVC encoder here")


def distance(pixels: np.ndarray) -> int:
    one = hash_pixels(pixels, route="strict").code
    other = hash_pixels(np.array(PICTURE), route="strict").code
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


@pytest.fixture(scope="module")
def heic() -> bytes:
    return write_heic(PICTURE)


@needs_encoder
def test_heic_gives_the_plain_picture(heic):
    picture = decode_picture(heic, "image/heic", strict=False, bounds=BOUNDS)
    assert (picture.width_px, picture.height_px) == (600, 400)
    assert picture.route == "strict"
    assert distance(picture.pixels) <= 6


@needs_encoder
def test_an_exif_orientation_is_not_applied_on_top_of_the_boxes():
    marked = PICTURE.copy()
    marked.getexif()[0x0112] = 6
    picture = decode_picture(write_heic(marked), "image/heic", strict=False, bounds=BOUNDS)
    assert (picture.width_px, picture.height_px) == (600, 400)
    assert distance(picture.pixels) <= 6


@needs_encoder
def test_pixels_outlive_the_decoder(heic):
    picture = decode_picture(heic, "image/heic", strict=False, bounds=BOUNDS)
    before = picture.pixels.copy()
    gc.collect()
    rubbish = [np.full(picture.pixels.shape, 255, np.uint8) for _ in range(8)]
    assert np.array_equal(picture.pixels, before)
    assert picture.pixels.flags.owndata
    assert len(rubbish) == 8


@needs_encoder
def test_bound_and_cut(heic):
    with pytest.raises(LimitError):
        decode_picture(heic, "image/heic", strict=False, bounds=Bounds(picture_max_pixels=1000))
    with pytest.raises(TruncatedError):
        decode_picture(heic[: len(heic) // 2], "image/heic", strict=False, bounds=BOUNDS)


@needs_encoder
def test_altered_heic_never_takes_the_process_along(heic):
    chance = random.Random(20_261_121)
    for _ in range(150):
        altered = bytearray(heic)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.randrange(chance.choice((600, len(heic))))
            altered[at] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        with suppress(InputError):
            decode_picture(bytes(altered), "image/heic", strict=False, bounds=BOUNDS)


def test_av1_pixels_in_a_file_called_heif_are_decoded():
    held = io.BytesIO()
    PICTURE.save(held, "AVIF")
    picture = decode_picture(held.getvalue(), "image/heif", strict=False, bounds=BOUNDS)
    assert distance(picture.pixels) <= 6
