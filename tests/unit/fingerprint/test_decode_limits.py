"""Bounds, damage and memory: a decoder's fault is one item's error, safe to log."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin
from skimage import data

from firstlight.errors import DecodeError, LimitError, TruncatedError
from firstlight.fingerprint import decode_jpeg
from firstlight.fingerprint.decode import decode_picture, find_decoder, load_decoders
from firstlight.fingerprint.decode_frames import count_gif_frames
from firstlight.fingerprint.decode_jpeg import read_jpeg_header
from firstlight.fingerprint.decode_picture import decoder_faults
from firstlight.model.bounds import Bounds

BOUNDS = Bounds()
PICTURE = Image.fromarray(data.coffee())


def encode(form: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


MIMES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "JPEG2000": "image/jp2",
    "AVIF": "image/avif",
}


@pytest.mark.parametrize("form", MIMES)
def test_the_pixel_bound_is_checked_before_decoding(form):
    small = replace(BOUNDS, picture_max_pixels=600 * 400 - 1)
    with pytest.raises(LimitError, match="bound"):
        decode_picture(encode(form), MIMES[form], strict=False, bounds=small)
    exact = replace(BOUNDS, picture_max_pixels=600 * 400)
    decode_picture(encode(form), MIMES[form], strict=False, bounds=exact)


def test_pillows_own_limits_are_put_back():
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    for content in (encode("PNG"), encode("PNG")[:5000], b"\x89PNG"):
        try:
            decode_picture(content, "image/png", strict=False, bounds=BOUNDS)
        except (DecodeError, TruncatedError):
            continue
    after = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert after == before


def test_a_picture_said_to_be_enormous_takes_no_memory():
    bomb = bytearray(encode("PNG"))
    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
    with pytest.raises(LimitError):
        decode_picture(bytes(bomb), "image/png", strict=False, bounds=BOUNDS)


def test_a_file_larger_than_the_bound_is_refused():
    with pytest.raises(LimitError, match="larger than the bound of 10 bytes"):
        decode_picture(
            encode("PNG"), "image/png", strict=False, bounds=replace(BOUNDS, picture_max_bytes=10)
        )


def test_an_empty_file_is_a_decode_error():
    with pytest.raises(DecodeError, match="empty"):
        decode_picture(b"", "image/jpeg", strict=False, bounds=BOUNDS)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_picture_decodes_as_far_as_it_goes_and_is_flagged(form, share):
    content = encode(form, **({"interlace": 0} if form == "GIF" else {}))
    cut = content[: int(len(content) * share)]
    picture = decode_picture(cut, MIMES[form], strict=True, bounds=BOUNDS)
    assert picture.is_truncated
    assert picture.pixels.shape == (400, 600, 3)
    upper = int(400 * share * 0.5)
    whole = decode_picture(content, MIMES[form], strict=True, bounds=BOUNDS)
    rows = np.s_[-upper:] if form == "BMP" else np.s_[:upper]
    assert np.abs(picture.pixels[rows].astype(int) - whole.pixels[rows]).mean() < 2


@pytest.mark.parametrize("form", ["WEBP", "AVIF", "JPEG2000"])
def test_a_cut_picture_that_gives_nothing_is_said_to_be_cut(form):
    content = encode(form)
    with pytest.raises(TruncatedError):
        decode_picture(content[: len(content) // 2], MIMES[form], strict=False, bounds=BOUNDS)


def test_a_jpeg_that_ends_in_its_header_is_truncated():
    with pytest.raises(TruncatedError):
        decode_picture(encode("JPEG")[:300], "image/jpeg", strict=False, bounds=BOUNDS)


def test_a_jpeg_without_a_single_block_is_truncated():
    content = encode("JPEG")
    start = read_jpeg_header(content).scan_offset
    with pytest.raises(TruncatedError):
        decode_picture(content[: start + 8], "image/jpeg", strict=False, bounds=BOUNDS)


def test_bytes_too_many_in_a_jpeg_are_no_damage():
    content = encode("JPEG")
    odd = content[:-2] + b"\x00" * 40 + content[-2:]
    assert not decode_picture(odd, "image/jpeg", strict=False, bounds=BOUNDS).is_truncated
    after = content + b"anything may follow"
    assert not decode_picture(after, "image/jpeg", strict=False, bounds=BOUNDS).is_truncated


def test_junk_between_segments_of_a_jpeg_is_passed_over():
    content = encode("JPEG")
    junk = content[:2] + b"\x12\x34\x56" + content[2:]
    assert read_jpeg_header(junk).width_px == 600
    fill = content[:2] + b"\xff\xff\xff" + content[2:]
    assert read_jpeg_header(fill).width_px == 600


def test_a_jpeg_with_endless_scans_is_refused():
    content = encode("JPEG", progressive=True)
    start = read_jpeg_header(content).scan_offset - 4
    scan = content[start : content.index(b"\xff\xda", start + 2)]
    bomb = content[:start] + scan * decode_jpeg.PROGRESSIVE_SCANS_MAX + content[start:]
    with pytest.raises(LimitError, match="scans"):
        decode_picture(bomb, "image/jpeg", strict=False, bounds=BOUNDS)


def test_codings_of_sensor_data_are_no_pictures():
    content = bytearray(encode("JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 1] = 0xC3
    with pytest.raises(DecodeError, match="lossless"):
        decode_picture(bytes(content), "image/jpeg", strict=False, bounds=BOUNDS)
    content[at + 1] = 0xC1
    content[at + 4] = 12
    with pytest.raises(DecodeError, match="12-bit"):
        decode_picture(bytes(content), "image/jpeg", strict=False, bounds=BOUNDS)


def test_a_png_with_a_wrong_checksum_decodes_from_its_pixel_data():
    content = bytearray(encode("PNG"))
    content[29] ^= 0xFF  # checksum of the first chunk
    picture = decode_picture(bytes(content), "image/png", strict=False, bounds=BOUNDS)
    assert np.array_equal(picture.pixels, np.array(PICTURE))
    assert "only the pixel data" in picture.notes[0]


def test_a_png_with_a_text_bomb_still_shows_its_picture():
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "A" * (80 << 20), zip=True)
    content = encode("PNG", Image.fromarray(np.array(PICTURE)[:64, :64]), pnginfo=info)
    picture = decode_picture(content, "image/png", strict=False, bounds=BOUNDS)
    assert np.array_equal(picture.pixels, np.array(PICTURE)[:64, :64])


def test_memory_that_runs_out_is_a_limit_and_not_damage():
    with pytest.raises(LimitError, match="memory"), decoder_faults("PNG picture"):
        raise MemoryError


def test_what_a_decoder_says_stays_out_of_the_message():
    with pytest.raises(DecodeError) as raised, decoder_faults("PNG picture"):
        raise OSError("broken PNG file (chunk b'secret-name')")
    assert "secret" not in str(raised.value)
    assert "secret" in (raised.value.detail or "")
    with (
        pytest.raises(DecodeError, match="PNG picture does not decode: bad checksum"),
        decoder_faults("PNG picture"),
    ):
        raise SyntaxError("bad header CRC in b'IHDR'")


def test_warnings_of_decoders_do_not_escape():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with decoder_faults("PNG picture"):
            warnings.warn("quotes the content", stacklevel=1)


def test_a_gif_of_endless_blocks_is_not_counted_to_its_end():
    head = encode("GIF")[:13]
    no_table = head[:10] + b"\x00" + head[11:]
    frame = b"\x2c" + bytes(9) + b"\x02\x01\x00\x00"
    assert count_gif_frames(no_table + frame * 50 + b";") == 50
    assert count_gif_frames(no_table + frame * 300_000 + b";") is None
    assert count_gif_frames(b"GIF89a") is None


def test_every_decoder_can_be_loaded_beforehand():
    load_decoders()
    assert find_decoder("image/jpeg").__name__ == "decode_jpeg"
    assert find_decoder("image/gif").__name__ == "decode_pillow"
