"""Cut and altered pictures: an error of one item, never anything else."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image
from skimage import data

from firstlight.errors import InputError
from firstlight.fingerprint.decode import decode_picture
from firstlight.fingerprint.decode_frames import count_gif_frames, count_tiff_pages
from firstlight.fingerprint.decode_ifd import walk_directories
from firstlight.fingerprint.decode_jpeg import find_exif
from firstlight.fingerprint.thumbnail import find_thumbnail
from firstlight.model.bounds import Bounds

SEED = 20_261_121
BOUNDS = Bounds(picture_max_pixels=4_000_000)
PICTURE = Image.fromarray(data.coffee()).resize((192, 128))


def encode(form: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    held = io.BytesIO()
    if form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        options["exif"] = exif
    image.save(held, form, **options)
    return held.getvalue()


def raw() -> bytes:
    first = struct.pack("<H", 3)
    first += struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    first += struct.pack("<HHII", 0x0201, 4, 1, 50)
    first += struct.pack("<HHII", 0x0202, 4, 1, 6000)
    return b"II*\x00" + struct.pack("<I", 8) + first + bytes(4) + encode("JPEG")


SAMPLES = {
    "jpeg": ("image/jpeg", encode("JPEG")),
    "jpeg-progressive": ("image/jpeg", encode("JPEG", progressive=True)),
    "jpeg-cmyk": ("image/jpeg", encode("JPEG", PICTURE.convert("CMYK"))),
    "png": ("image/png", encode("PNG")),
    "png-palette": ("image/png", encode("PNG", PICTURE.quantize(64))),
    "gif": ("image/gif", encode("GIF")),
    "webp": ("image/webp", encode("WEBP")),
    "tiff": ("image/tiff", encode("TIFF")),
    "tiff-lzw": ("image/tiff", encode("TIFF", compression="tiff_lzw")),
    "bmp": ("image/bmp", encode("BMP")),
    "jp2": ("image/jp2", encode("JPEG2000")),
    "avif": ("image/avif", encode("AVIF")),
    "ico": ("image/x-icon", encode("ICO", sizes=[(128, 85)])),
    "psd": ("image/vnd.adobe.photoshop", b"8BPS" + bytes(400)),
    "pcx": ("image/x-pcx", encode("PCX")),
    "tga": ("image/x-tga", encode("TGA")),
    "raw": ("image/x-adobe-dng", raw()),
    "heic": ("image/heic", b"\x00\x00\x00\x18ftypheic" + bytes(400)),
}


def is_safe(error: InputError) -> bool:
    """Whether an error says something, and nothing of what a decoder may quote."""
    return bool(error.message) and "0x" not in error.message and "b'" not in error.message


def decode_or_refuse(content: bytes, mime: str) -> None:
    """Decode, or refuse as one item's error; anything else escapes."""
    try:
        picture = decode_picture(content, mime, strict=False, bounds=BOUNDS)
    except InputError as error:
        if not is_safe(error):
            pytest.fail(f"not safe to log: {error.message}")
        return
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape[:2] == (picture.height_px, picture.width_px)
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize("kind", SAMPLES)
def test_cut_at_many_points(kind):
    mime, content = SAMPLES[kind]
    points = sorted({0, 1, 2, 3, 7, 8, 12, 20, 33, 64, *range(0, len(content), 997)})
    for point in points[:60]:
        decode_or_refuse(content[:point], mime)


@pytest.mark.parametrize("kind", SAMPLES)
def test_altered_bytes(kind):
    mime, content = SAMPLES[kind]
    chance = random.Random(f"{SEED}-{kind}")
    for _ in range(60):
        altered = bytearray(content)
        # Heads decide more than pixels: half of the changes go there.
        span = chance.choice((len(altered), min(len(altered), 400)))
        for _ in range(chance.choice((1, 3, 20))):
            altered[chance.randrange(span)] = chance.choice(
                (0, 1, 0x7F, 0xFF, chance.randrange(256))
            )
        decode_or_refuse(bytes(altered), mime)


@pytest.mark.parametrize("kind", SAMPLES)
def test_lost_and_doubled_pieces(kind):
    mime, content = SAMPLES[kind]
    chance = random.Random(f"{SEED}-{kind}-pieces")
    for _ in range(20):
        start = chance.randrange(len(content))
        end = min(len(content), start + chance.randrange(1, 2000))
        decode_or_refuse(content[:start] + content[end:], mime)
        decode_or_refuse(content[:end] + content[start:], mime)


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_decoder_meets_every_other_content(kind):
    mime, _ = SAMPLES[kind]
    for _, content in SAMPLES.values():
        decode_or_refuse(content, mime)


def test_walks_over_noise_end():
    chance = random.Random(SEED)
    for _ in range(300):
        noise = bytearray(chance.randbytes(chance.randrange(4, 3000)))
        noise[:8] = chance.choice((b"II*\x00", b"MM\x00*")) + bytes(3) + b"\x08"
        if noise[:2] == b"II":
            noise[4:8] = b"\x08\x00\x00\x00"
        assert sum(1 for _ in walk_directories(bytes(noise))) <= 256
        count_tiff_pages(bytes(noise))
        find_thumbnail(bytes(noise), "image/tiff")
        noise[:6] = b"GIF89a"
        count_gif_frames(bytes(noise))
        noise[:3] = b"\xff\xd8\xff"
        find_exif(bytes(noise))


def test_directories_that_all_claim_the_same_great_lists_stay_cheap():
    body = bytearray(b"II*\x00" + struct.pack("<I", 8))
    for number in range(400):
        body += struct.pack("<H", 3)
        for tag in (0x0111, 0x0117, 0x014A):
            body += struct.pack("<HHII", tag, 4, 4096, 8)
        body += struct.pack("<I", 8 + (number + 1) * 42)
    body += bytes(20_000)
    assert sum(1 for _ in walk_directories(bytes(body))) <= 256
