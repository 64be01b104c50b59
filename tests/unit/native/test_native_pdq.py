"""The PDQ kernel: every way through the processor, shapes, strides, tiny pictures."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError
from firstlight.native import pdq
from firstlight.native.library import Route, is_compiled
from firstlight.native.pdq_twin import compute_by_numpy, cosine_table, taps

SIZES = [(5, 5), (5, 300), (300, 5), (63, 200), (64, 64), (65, 63), (127, 129), (480, 641)]


def draw(height: int, width: int, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Draw waves and noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    parts = []
    for _ in range(channels):
        wave = sum(
            np.sin(a * y / height + b * x / width + c)
            for a, b, c in generator.uniform(-25, 25, (6, 3))
        )
        parts.append(128 + 35 * wave + generator.normal(0, 6, (height, width)))
    pixels = np.clip(np.stack(parts, axis=-1), 0, 255).astype(np.uint8)
    return pixels if channels == 3 else pixels[:, :, 0].copy()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_all_routes_and_the_twin_give_the_same_bits(size: tuple[int, int], channels: int) -> None:
    pixels = draw(*size, channels)
    expected = compute_by_numpy(pixels)
    for route in Route:
        assert pdq.compute_pdq(pixels, route_max=route) == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_rows_may_stand_any_distance_apart(channels: int) -> None:
    wide = draw(400, 500, channels)
    for view in (wide[50:300, 100:351], wide[::-1], wide[::3], wide[:, ::2], wide[:, ::-1]):
        expected = pdq.compute_pdq(np.ascontiguousarray(view))
        assert pdq.compute_pdq(view) == expected


def test_read_only_and_transposed_pixels_are_taken() -> None:
    pixels = draw(120, 90)
    pixels.flags.writeable = False
    assert pdq.compute_pdq(pixels).quality > 0
    turned = pixels.transpose(1, 0, 2)
    assert pdq.compute_pdq(turned) == pdq.compute_pdq(np.ascontiguousarray(turned))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (4, 4), (4, 300)])
def test_below_five_pixels_the_hash_is_zero_with_quality_zero(size: tuple[int, int]) -> None:
    for channels in (1, 3):
        pixels = draw(*size, channels)
        assert pdq.compute_pdq(pixels) == compute_by_numpy(pixels)
        assert pdq.compute_pdq(pixels).codes == bytes(256)
        assert pdq.compute_pdq(pixels).quality == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 0, 3), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 1), np.uint8),
        np.zeros((9,), np.uint8),
        np.zeros((9, 9), np.uint16),
        np.zeros((9, 9, 3), np.float32),
    ],
)
def test_other_shapes_are_refused(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(FingerprintShapeError):
        pdq.compute_pdq(pixels)


def test_a_very_thin_picture_takes_the_one_pass_route_and_agrees() -> None:
    pixels = draw(8, 140_000, 1)
    assert pixels.size > 1 << 20
    assert pdq.compute_pdq(pixels) == compute_by_numpy(pixels)


def test_a_picture_of_more_than_8192_rows_agrees() -> None:
    for channels in (1, 3):
        pixels = draw(8300, 70, channels)
        expected = compute_by_numpy(pixels)
        for route in Route:
            assert pdq.compute_pdq(pixels, route_max=route) == expected


def test_the_brightest_picture_does_not_overflow() -> None:
    pixels = np.full((8192, 300), 255, np.uint8)
    pixels[:, 150:] = 0
    for route in Route:
        numbers = pdq.compute_pdq(pixels, route_max=route)
        assert numbers.spread == pytest.approx(255.0, abs=0.01)
        assert numbers == compute_by_numpy(pixels)


def test_a_grey_picture_equals_the_same_picture_as_rgb() -> None:
    grey = draw(333, 222, 1)
    as_rgb = np.repeat(grey[:, :, None], 3, axis=2)
    assert pdq.compute_pdq(grey).codes == pdq.compute_pdq(as_rgb).codes


def test_each_sample_weighs_one() -> None:
    for size in (5, 64, 127, 1000, 4032):
        for tap in taps(size).weights:
            assert tap.sum() == pytest.approx(1.0)
            assert (tap > 0).all()


@pytest.mark.skipif(not is_compiled(), reason="the numpy twins serve: there is one table only")
def test_kernel_and_twin_have_the_same_cosines() -> None:
    assert np.abs(pdq._table().reshape(16, 64) - cosine_table()).max() < 1e-7


def test_threads_do_not_disturb_each_other() -> None:
    pictures = [draw(200 + 7 * i, 300, 3, seed=i) for i in range(6)] * 4
    expected = [pdq.compute_pdq(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pdq.compute_pdq, pictures)) == expected
