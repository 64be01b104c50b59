"""The same picture in every coding decodes to the same fingerprint."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage import data

from firstlight.errors import DecodeError, NotOpenedError
from firstlight.fingerprint.decode import decode_picture
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import PdqHash

BOUNDS = Bounds()
PICTURE = Image.fromarray(data.coffee())
PLAIN = hash_pixels(np.array(PICTURE), route="strict")


def encode(image: Image.Image, form: str, **options: object) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


def sixteen_bits() -> np.ndarray:
    return np.asarray(PICTURE.convert("L")).astype(np.uint16) * 257


def lab() -> Image.Image:
    return ImageCms.profileToProfile(
        PICTURE, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )


def with_alpha(alpha: int) -> Image.Image:
    image = PICTURE.copy()
    image.putalpha(alpha)
    return image


def with_inks(**options: object) -> bytes:
    return encode(PICTURE.convert("CMYK"), "JPEG", quality=92, **options)


def palette_with_transparency() -> bytes:
    image = PICTURE.quantize(255)
    return encode(image, "PNG", transparency=255)


def moving(form: str) -> bytes:
    others = [PICTURE.rotate(90), PICTURE.rotate(180)]
    return encode(PICTURE, form, save_all=True, append_images=others)


# Name, type, coding, greatest distance in bits from the plain picture.
CODINGS: list[tuple[str, str, Callable[[], bytes], int]] = [
    ("jpeg", "image/jpeg", lambda: encode(PICTURE, "JPEG", quality=92), 2),
    ("jpeg-progressive", "image/jpeg", lambda: encode(PICTURE, "JPEG", progressive=True), 4),
    ("jpeg-grey", "image/jpeg", lambda: encode(PICTURE.convert("L"), "JPEG", quality=92), 2),
    ("jpeg-rgb", "image/jpeg", lambda: encode(PICTURE, "JPEG", quality=92, keep_rgb=True), 2),
    ("jpeg-cmyk", "image/jpeg", with_inks, 4),
    ("jpeg-subsampled", "image/jpeg", lambda: encode(PICTURE, "JPEG", subsampling=2), 4),
    ("png", "image/png", lambda: encode(PICTURE, "PNG"), 0),
    ("png-palette", "image/png", lambda: encode(PICTURE.quantize(256), "PNG"), 6),
    ("png-palette-clear", "image/png", palette_with_transparency, 6),
    ("png-16-bit", "image/png", lambda: encode(Image.fromarray(sixteen_bits()), "PNG"), 2),
    ("png-grey-alpha", "image/png", lambda: encode(PICTURE.convert("LA"), "PNG"), 2),
    ("png-opaque", "image/png", lambda: encode(with_alpha(255), "PNG"), 0),
    ("png-half-clear", "image/png", lambda: encode(with_alpha(128), "PNG"), 2),
    ("png-1-bit", "image/png", lambda: encode(PICTURE.convert("1"), "PNG"), 10),
    ("apng", "image/apng", lambda: moving("PNG"), 0),
    ("gif", "image/gif", lambda: encode(PICTURE, "GIF"), 6),
    ("gif-moving", "image/gif", lambda: moving("GIF"), 6),
    ("webp", "image/webp", lambda: encode(PICTURE, "WEBP"), 6),
    ("webp-moving", "image/webp", lambda: moving("WEBP"), 6),
    ("avif", "image/avif", lambda: encode(PICTURE, "AVIF", speed=10), 6),
    ("tiff", "image/tiff", lambda: encode(PICTURE, "TIFF"), 0),
    ("tiff-lzw", "image/tiff", lambda: encode(PICTURE, "TIFF", compression="tiff_lzw"), 0),
    ("tiff-jpeg", "image/tiff", lambda: encode(PICTURE, "TIFF", compression="jpeg"), 4),
    ("tiff-16-bit", "image/tiff", lambda: encode(Image.fromarray(sixteen_bits()), "TIFF"), 2),
    ("tiff-12-bit", "image/tiff", lambda: encode(Image.fromarray(sixteen_bits() >> 4), "TIFF"), 2),
    (
        "tiff-32-bit",
        "image/tiff",
        lambda: encode(Image.fromarray(sixteen_bits().astype(np.int32) * 3), "TIFF"),
        2,
    ),
    (
        "tiff-float",
        "image/tiff",
        lambda: encode(Image.fromarray(sixteen_bits().astype(np.float32) / 65535), "TIFF"),
        2,
    ),
    (
        "tiff-float-odd-range",
        "image/tiff",
        lambda: encode(Image.fromarray(sixteen_bits().astype(np.float32) - 9000), "TIFF"),
        2,
    ),
    ("tiff-cmyk", "image/tiff", lambda: encode(PICTURE.convert("CMYK"), "TIFF"), 2),
    ("tiff-ycbcr", "image/tiff", lambda: encode(PICTURE.convert("YCbCr"), "TIFF"), 2),
    ("tiff-lab", "image/tiff", lambda: encode(lab(), "TIFF"), 6),
    (
        "tiff-1-bit",
        "image/tiff",
        lambda: encode(PICTURE.convert("1"), "TIFF", compression="group4"),
        10,
    ),
    ("jpeg-2000", "image/jp2", lambda: encode(PICTURE, "JPEG2000"), 2),
    (
        "jpeg-2000-stream",
        "image/x-jp2-codestream",
        lambda: encode(PICTURE, "JPEG2000", no_jp2=True),
        2,
    ),
    ("bmp", "image/bmp", lambda: encode(PICTURE, "BMP"), 0),
    ("tga", "image/x-tga", lambda: encode(PICTURE, "TGA"), 0),
    ("ppm", "image/x-portable-anymap", lambda: encode(PICTURE, "PPM"), 0),
    ("pcx", "image/x-pcx", lambda: encode(PICTURE, "PCX"), 0),
    ("sgi", "image/x-sgi", lambda: encode(PICTURE, "SGI"), 0),
    ("icon", "image/x-icon", lambda: encode(PICTURE, "ICO", sizes=[(256, 171)]), 24),
]


def distance(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.code, "big") ^ int.from_bytes(other.code, "big")).bit_count()


@pytest.mark.parametrize(
    ("mime", "make", "most"), [c[1:] for c in CODINGS], ids=[c[0] for c in CODINGS]
)
def test_every_coding_gives_the_plain_picture(mime, make, most):
    picture = decode_picture(make(), mime, strict=False, bounds=BOUNDS)
    assert distance(hash_pixels(picture.pixels, route=picture.route), PLAIN) <= most
    assert not picture.is_truncated
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.shape[:2] == (picture.height_px, picture.width_px)
    assert picture.route == ("grey" if mime == "image/jpeg" and make is not with_inks else "strict")


def test_the_strict_route_decodes_all_channels_within_six_bits_of_the_grey_one():
    content = encode(PICTURE, "JPEG", quality=85)
    grey = decode_picture(content, "image/jpeg", strict=False, bounds=BOUNDS)
    strict = decode_picture(content, "image/jpeg", strict=True, bounds=BOUNDS)
    assert (grey.route, strict.route) == ("grey", "strict")
    assert grey.pixels.ndim == 2
    assert strict.pixels.shape == (400, 600, 3)
    assert np.array_equal(strict.pixels, np.asarray(Image.open(io.BytesIO(content))))
    gap = distance(
        hash_pixels(grey.pixels, route="grey"), hash_pixels(strict.pixels, route="strict")
    )
    assert gap <= 6


def test_transparency_lies_over_white():
    image = Image.new("RGBA", (64, 64), (200, 0, 0, 0))
    picture = decode_picture(encode(image, "PNG"), "image/png", strict=False, bounds=BOUNDS)
    assert picture.has_alpha
    assert (picture.pixels == 255).all()
    half = Image.new("RGBA", (64, 64), (0, 0, 0, 128))
    picture = decode_picture(encode(half, "PNG"), "image/png", strict=False, bounds=BOUNDS)
    assert set(np.unique(picture.pixels)) == {127}


def test_sixteen_bits_are_scaled_and_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(64, axis=0)
    content = encode(Image.fromarray(ramp), "PNG")
    picture = decode_picture(content, "image/png", strict=False, bounds=BOUNDS)
    assert np.abs(picture.pixels[0].astype(int) - np.arange(256)).max() <= 1


def test_frames_are_counted_and_the_first_is_taken():
    for mime, form in (("image/gif", "GIF"), ("image/webp", "WEBP"), ("image/apng", "PNG")):
        picture = decode_picture(moving(form), mime, strict=False, bounds=BOUNDS)
        assert picture.frame_count == 3
    pages = encode(PICTURE, "TIFF", save_all=True, append_images=[PICTURE.rotate(90)] * 3)
    assert decode_picture(pages, "image/tiff", strict=False, bounds=BOUNDS).frame_count == 4


def test_an_ink_profile_is_used_and_a_broken_one_does_no_harm():
    broken = decode_picture(
        with_inks(icc_profile=b"not a profile"), "image/jpeg", strict=False, bounds=BOUNDS
    )
    assert distance(hash_pixels(broken.pixels, route=broken.route), PLAIN) <= 4
    assert "without a profile" in broken.notes[0]


def test_a_float_picture_without_a_number_is_a_clear_failure():
    nothing = Image.fromarray(np.full((70, 70), np.nan, np.float32))
    with pytest.raises(DecodeError, match="none of its samples is a number"):
        decode_picture(encode(nothing, "TIFF"), "image/tiff", strict=False, bounds=BOUNDS)


@pytest.mark.parametrize("mime", ["image/jxl", "image/x-exr", "application/dicom", "image/wmf"])
def test_a_type_without_decoder_is_said_to_be_not_opened(mime):
    with pytest.raises(NotOpenedError):
        decode_picture(b"\xff\x0a" + bytes(100), mime, strict=False, bounds=BOUNDS)
