"""PDQ hashes as records: variants, reasons for low quality, hexadecimal text."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError
from firstlight.fingerprint.pdq import PIPELINE_VERSION, code_hex, hash_pixels
from firstlight.match.hamming import distance
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import DEFAULT_RADIUS_BITS

TURNED = {
    "original": lambda pixels: pixels,
    "rotated-90": lambda pixels: np.rot90(pixels, 1),
    "rotated-180": lambda pixels: np.rot90(pixels, 2),
    "rotated-270": lambda pixels: np.rot90(pixels, 3),
    "mirrored-vertically": lambda pixels: pixels[::-1],
    "mirrored-horizontally": lambda pixels: pixels[:, ::-1],
    "mirrored-and-rotated-90": lambda pixels: np.rot90(pixels[:, ::-1], 1),
    "mirrored-and-rotated-270": lambda pixels: np.rot90(pixels[:, ::-1], 3),
}


def draw(height: int, width: int) -> NDArray[np.uint8]:
    """Draw overlapping waves."""
    generator = np.random.default_rng(11)
    y, x = np.mgrid[0:height, 0:width]
    luma = sum(
        np.sin(a * y / height + b * x / width + c)
        for a, b, c in generator.uniform(-30, 30, (12, 3))
    )
    return np.clip(128 + 30 * luma, 0, 255).astype(np.uint8)


def test_every_variant_is_the_hash_of_the_picture_so_turned() -> None:
    pixels = draw(512, 640)
    hashed = hash_pixels(pixels, route="grey")
    assert set(TURNED) == set(DIHEDRAL_VARIANTS)
    for at, name in enumerate(DIHEDRAL_VARIANTS):
        variant = hashed.codes[32 * at : 32 * at + 32]
        turned = hash_pixels(TURNED[name](pixels), route="grey").code
        assert distance(variant, turned) <= DEFAULT_RADIUS_BITS, name
        others = [n for n in DIHEDRAL_VARIANTS if n != name]
        nearest = min(
            distance(variant, hash_pixels(TURNED[n](pixels), route="grey").code) for n in others
        )
        assert nearest > 60, name


def test_a_record_says_how_it_was_made() -> None:
    hashed = hash_pixels(draw(300, 300), route="strict", frame_index=4, time_s=2.5)
    assert (hashed.route, hashed.version) == ("strict", PIPELINE_VERSION)
    assert (hashed.frame_index, hashed.time_s) == (4, 2.5)
    assert len(hashed.codes) == 256
    assert hashed.is_matchable
    assert hashed.reason is None
    assert bytes.fromhex(code_hex(hashed.code)) == hashed.code
    assert len(code_hex(hashed.code)) == 64


def test_half_the_bits_are_set() -> None:
    hashed = hash_pixels(draw(500, 400), route="grey")
    for at in range(0, 256, 32):
        assert int.from_bytes(hashed.codes[at : at + 32]).bit_count() == 128


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((300, 200, 3), 90, np.uint8), "flat picture"),
        (np.zeros((10, 10), np.uint8), "flat picture"),
        (np.zeros((3, 7), np.uint8), "too small: 7x3 px"),
        (np.zeros((1, 1, 3), np.uint8), "too small: 1x1 px"),
        (np.tile(np.arange(200, dtype=np.uint8), (300, 1)), "few edges: quality 44 of 100"),
    ],
)
def test_low_quality_has_a_reason(pixels: NDArray[np.uint8], reason: str) -> None:
    hashed = hash_pixels(pixels, route="grey")
    assert not hashed.is_matchable
    assert hashed.reason == reason
    assert len(hashed.codes) == 256


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(FingerprintShapeError):
        hash_pixels(np.zeros((4, 4, 4), np.uint8), route="strict")
