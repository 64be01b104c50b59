"""Our PDQ against committed vectors of the ``pdqhash`` package."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image
from tests.golden.pdq.pictures import (
    COUNT,
    Crop,
    load_photographs,
    make_picture,
    photograph_folder,
    pixels_of,
)

from firstlight.fingerprint.pdq import hash_pixels
from firstlight.match.hamming import distance
from firstlight.model.fingerprint import MATCHABLE_QUALITY
from firstlight.native.pdq_twin import compute_by_numpy

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())
DRIFT_EVERY = 3
TWIN_EVERY = 20


@pytest.fixture(scope="module")
def photographs() -> dict[str, Image.Image]:
    return load_photographs(photograph_folder())


def crops() -> list[tuple[Crop, bytes, int]]:
    return [
        (Crop(name, tuple(box), tuple(size)), bytes.fromhex(text), quality)
        for name, box, size, text, quality in VECTORS["vectors"]
    ]


def test_strict_route_is_bit_equal_with_pdqhash(photographs: dict[str, Image.Image]) -> None:
    distances: Counter[int] = Counter()
    for crop, expected, quality in crops():
        ours = hash_pixels(pixels_of(make_picture(crop, photographs)), route="strict")
        bits = distance(ours.code, expected)
        distances[bits] += 1
        assert bits <= 2 or quality < MATCHABLE_QUALITY, crop
        assert abs(ours.quality - quality) <= 1, crop
    assert sum(distances.values()) == COUNT
    assert distances[0] >= 0.995 * COUNT, distances


def test_all_eight_variants_are_those_of_pdqhash(photographs: dict[str, Image.Image]) -> None:
    planned = crops()
    for number, texts in VECTORS["dihedral"]:
        ours = hash_pixels(pixels_of(make_picture(planned[number][0], photographs)), route="strict")
        for at, text in enumerate(texts):
            assert distance(ours.codes[32 * at : 32 * at + 32], bytes.fromhex(text)) <= 2


def test_numpy_twin_agrees_with_pdqhash_too(photographs: dict[str, Image.Image]) -> None:
    for crop, expected, quality in crops()[::TWIN_EVERY]:
        twin = compute_by_numpy(pixels_of(make_picture(crop, photographs)))
        assert distance(twin.codes[:32], expected) <= 2 or quality < MATCHABLE_QUALITY


def test_grey_route_drifts_little_from_the_strict_one(photographs: dict[str, Image.Image]) -> None:
    """From 128 pixels a side at most 6 bits; below, rounding of single pixels weighs more."""
    large: Counter[int] = Counter()
    small: Counter[int] = Counter()
    for crop, _, _ in crops()[::DRIFT_EVERY]:
        buffer = io.BytesIO()
        make_picture(crop, photographs).save(buffer, "JPEG", quality=90)
        content = buffer.getvalue()
        strict = hash_pixels(np.array(Image.open(io.BytesIO(content))), route="strict")
        luma = simplejpeg.decode_jpeg(content, colorspace="GRAY")[:, :, 0]
        grey = hash_pixels(luma, route="grey")
        if strict.is_matchable:
            counted = large if min(crop.size) >= 128 else small
            counted[distance(strict.code, grey.code)] += 1
    assert sum(large.values()) > 200
    assert max(large) <= 6, large
    assert sum(bits * n for bits, n in large.items()) / sum(large.values()) < 1.0
    assert sum(n for bits, n in small.items() if bits > 6) <= 0.03 * sum(small.values()), small
    assert max(small) < 16, small
