"""RAW files of several makers' structures give their largest preview, upright."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image
from skimage import data

from firstlight.errors import DecodeError, LimitError
from firstlight.fingerprint.decode import decode_picture
from firstlight.fingerprint.decode_ifd import DIRECTORIES_MAX, read_orientation, walk_directories
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.model.bounds import Bounds

BOUNDS = Bounds()
PICTURE = Image.fromarray(data.coffee()).resize((900, 600))


def jpeg(image: Image.Image, **options: object) -> bytes:
    held = io.BytesIO()
    image.save(held, "JPEG", quality=90, **options)
    return held.getvalue()


PREVIEW = jpeg(PICTURE)
SMALL = jpeg(PICTURE.resize((150, 100)))
SENSOR = bytes(range(256)) * 400


def directory(order: str, entries: list[tuple[int, int, int]], following: int) -> bytes:
    """Lay out one directory whose values all fit into their entries."""
    body = struct.pack(order + "H", len(entries))
    for tag, kind, value in entries:
        pad = {3: "HH", 4: "I", 1: "I"}[kind]
        values = (value, 0) if kind == 3 else (value,)
        body += struct.pack(order + "HHI" + pad, tag, kind, 1, *values)
    return body + struct.pack(order + "I", following)


def raw_file(order: str = "<", magic: bytes | None = None, orientation: int = 1) -> bytes:
    """A RAW file: small thumbnail in the first directory, preview in a sub-directory."""
    head = magic or (b"II*\x00" if order == "<" else b"MM\x00*")
    first_entries = 5
    second_at = 8 + 2 + 12 * first_entries + 4
    data_at = second_at + 2 + 12 * 4 + 4
    first = directory(
        order,
        [
            (0x0103, 3, 6),
            (0x0112, 3, orientation),
            (0x014A, 4, second_at),
            (0x0201, 4, data_at),
            (0x0202, 4, len(SMALL)),
        ],
        0,
    )
    preview_at = data_at + len(SMALL)
    second = directory(
        order,
        [(0x00FE, 4, 1), (0x0106, 3, 32803), (0x0111, 4, preview_at), (0x0117, 4, len(PREVIEW))],
        0,
    )
    return head + struct.pack(order + "I", 8) + first + second + SMALL + PREVIEW + SENSOR


def distance(pixels: np.ndarray, image: Image.Image) -> int:
    one = hash_pixels(pixels, route="grey").code
    other = hash_pixels(np.array(image), route="strict").code
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (raw_file(), "image/x-adobe-dng"),
        (raw_file(">"), "image/x-nikon-nef"),
        (raw_file(magic=b"IIRO"), "image/x-olympus-orf"),
        (raw_file(), "image/tiff"),
        (b"\x00\x00\x00\x18ftypcrx " + SENSOR + SMALL + PREVIEW + SENSOR, "image/x-canon-cr3"),
        (b"FOVb" + SENSOR + PREVIEW, "image/x-sigma-x3f"),
    ],
    ids=["dng", "nef", "orf", "called-tiff", "cr3", "x3f"],
)
def test_the_largest_preview_is_taken(content, mime):
    picture = decode_picture(content, mime, strict=False, bounds=BOUNDS)
    assert (picture.width_px, picture.height_px) == (900, 600)
    assert picture.route == "grey"
    assert "embedded preview of a RAW file" in picture.notes
    assert distance(picture.pixels, PICTURE) <= 4


def test_fuji_states_its_preview_in_its_head():
    head = b"FUJIFILMCCD-RAW 0201" + bytes(64)
    content = head + struct.pack(">II", 92, len(PREVIEW)) + PREVIEW + SENSOR
    picture = decode_picture(content, "image/x-fuji-raf", strict=False, bounds=BOUNDS)
    assert (picture.width_px, picture.height_px) == (900, 600)


def test_the_files_orientation_turns_a_preview_that_states_none():
    picture = decode_picture(
        raw_file(orientation=6), "image/x-adobe-dng", strict=False, bounds=BOUNDS
    )
    assert picture.orientation == 6
    turned = PICTURE.transpose(Image.Transpose.ROTATE_270)
    assert (picture.width_px, picture.height_px) == turned.size
    assert distance(picture.pixels, turned) <= 4


def test_a_preview_with_an_orientation_of_its_own_is_turned_once():
    exif = Image.Exif()
    exif[0x0112] = 8
    content = b"FOVb" + SENSOR + jpeg(PICTURE, exif=exif)
    picture = decode_picture(content, "image/x-sigma-x3f", strict=False, bounds=BOUNDS)
    assert (picture.width_px, picture.height_px) == (600, 900)


def test_a_raw_file_without_preview_is_a_clear_failure():
    with pytest.raises(DecodeError, match="no preview"):
        decode_picture(b"FOVb" + SENSOR, "image/x-sigma-x3f", strict=False, bounds=BOUNDS)


def test_previews_beyond_the_bound_are_a_limit():
    with pytest.raises(LimitError):
        decode_picture(
            b"FOVb" + PREVIEW,
            "image/x-sigma-x3f",
            strict=False,
            bounds=Bounds(picture_max_pixels=1000),
        )


def test_a_loop_of_directories_ends():
    loop = b"II*\x00" + struct.pack("<I", 8) + directory("<", [(0x014A, 4, 8)], 8)
    assert len(list(walk_directories(loop))) == 1


def test_a_chain_without_end_is_bounded():
    content = bytearray(b"II*\x00" + struct.pack("<I", 8))
    for number in range(2000):
        following = 8 + (number + 1) * 18
        content += directory("<", [(0x0112, 3, 6)], following)
    assert len(list(walk_directories(bytes(content)))) == DIRECTORIES_MAX


def test_entries_that_point_outside_are_left_out():
    content = b"II*\x00" + struct.pack("<I", 8)
    content += struct.pack("<H", 2)
    content += struct.pack("<HHII", 0x0111, 4, 1000, 0xFFFFFFF0)
    content += struct.pack("<HHIHH", 0x0112, 3, 1, 3, 0)
    found = list(walk_directories(content))
    assert len(found) == 1
    assert 0x0111 not in found[0].extents
    assert read_orientation(content) == 3
    assert read_orientation(b"MM") == 1
