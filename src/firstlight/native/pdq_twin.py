"""The PDQ kernel again, in numpy: slower, for machines without the compiled library.

It adds in the same order and precision as ``csrc/pdq.c``, except that numpy's cosine and its
sums along a row may differ in the last place of a double; so the bits are the same but for
values that lie that close to the median.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SIDE = 64
KEPT = 16
SMALLEST_PX = 5
LITERAL_MAX_PIXELS = 1 << 20
TENT_MAX_BOX = 64
VARIANT_COUNT = 8

_VARIANTS = (
    # transposed, odd row frequencies negated, odd column frequencies negated
    (False, False, False),
    (True, False, True),
    (False, True, True),
    (True, True, False),
    (False, True, False),
    (False, False, True),
    (True, False, False),
    (True, True, True),
)


@dataclass(frozen=True, slots=True)
class PdqNumbers:
    """What the kernel says of one picture.

    Args:
        codes: Eight codes of 32 bytes, concatenated.
        quality: 0 to 100.
        spread: Brightest less darkest of the 64 x 64 luminances, 0 to 255.
    """

    codes: bytes
    quality: int
    spread: float


@dataclass(frozen=True, slots=True)
class Taps:
    """Pixels that make up each of the 64 samples along one dimension, and their weights."""

    first: tuple[int, ...]
    weights: tuple[NDArray[np.float64], ...]


def compute_by_numpy(pixels: NDArray[np.uint8]) -> PdqNumbers:
    """Compute the eight PDQ codes of one picture.

    Shapes: pixels (h, w) or (h, w, 3) uint8, h and w at least 1.
    """
    if min(pixels.shape[:2]) < SMALLEST_PX:
        return PdqNumbers(bytes(VARIANT_COUNT * 32), 0, 0.0)
    is_literal = min(pixels.shape[:2]) < SIDE
    is_literal = is_literal and pixels.shape[0] * pixels.shape[1] <= LITERAL_MAX_PIXELS
    luma = _downsample_literally(pixels) if is_literal else _downsample(pixels)
    return PdqNumbers(
        b"".join(_code(_turn(_transform(luma), *variant)) for variant in _VARIANTS),
        _quality(luma),
        float(luma.max() - luma.min()),
    )


@lru_cache(maxsize=256)
def taps(size: int) -> Taps:
    """Work out the map from one dimension to its 64 samples: two cut-off box means each.

    Args:
        size: Of the dimension, in pixels.
    """
    box = (size + 2 * SIDE - 1) // (2 * SIDE)
    ahead = box // 2
    behind = box - 1 - ahead
    first, weights = [], []
    for out in range(SIDE):
        centre = _sample_centre(out, size)
        middle = np.arange(max(0, centre - behind), min(size - 1, centre + ahead) + 1)
        low, high = np.maximum(0, middle - behind), np.minimum(size - 1, middle + ahead)
        start, length = int(low[0]), int(high[-1] - low[0]) + 1
        share = 1.0 / (len(middle) * (high - low + 1))
        steps = np.zeros(length + 1)
        np.add.at(
            steps, np.stack([low, high + 1], axis=1) - start, np.stack([share, -share], axis=1)
        )
        tap = np.cumsum(steps)[:length]
        first.append(start)
        weights.append(tap)
    return Taps(tuple(first), tuple(weights))


def _downsample(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    down, across = taps(pixels.shape[0]), taps(pixels.shape[1])
    luma = np.empty((SIDE, SIDE), dtype=np.float32)
    for out in range(SIDE):
        sums = _sum_rows(pixels, down.first[out], down.weights[out])
        if sums.ndim == 2:
            sums = _luminance(sums)
        for at in range(SIDE):
            tap = across.weights[at]
            part = sums[across.first[at] : across.first[at] + len(tap)]
            luma[out, at] = np.sum(tap * part.astype(np.float64))
    return luma


def _sum_rows(
    pixels: NDArray[np.uint8], first: int, weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sum a band of rows: in whole numbers where no border cuts the weights off."""
    box = (pixels.shape[0] + 2 * SIDE - 1) // (2 * SIDE)
    tent = np.minimum(np.arange(1, 2 * box), np.arange(2 * box - 1, 0, -1)).astype(np.int32)
    if box <= TENT_MAX_BOX and len(weights) == len(tent) and np.allclose(weights * box**2, tent):
        whole = np.zeros(pixels.shape[1:], dtype=np.int32)
        for row, share in enumerate(tent, first):
            whole += share * pixels[row]
        return whole.astype(np.float32) * (np.float32(1) / np.float32(box**2))
    sums = np.zeros(pixels.shape[1:], dtype=np.float32)
    for row, weight in enumerate(weights.astype(np.float32), first):
        sums += weight * pixels[row].astype(np.float32)
    return sums


def _downsample_literally(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    full = _luminance(pixels) if pixels.ndim == 3 else pixels.astype(np.float32)
    for _ in range(2):
        full = _blur(np.ascontiguousarray(_blur(full.T).T))
    rows = [_sample_centre(out, full.shape[0]) for out in range(SIDE)]
    columns = [_sample_centre(out, full.shape[1]) for out in range(SIDE)]
    sampled: NDArray[np.float32] = full[np.ix_(rows, columns)]
    return sampled


def _blur(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur down the columns with a running sum, in the reference's order of additions."""
    size = len(lines)
    box = (size + 2 * SIDE - 1) // (2 * SIDE)
    ahead = box // 2
    behind = box - 1 - ahead
    blurred = np.empty_like(lines)
    total = np.zeros(lines.shape[1], dtype=np.float32)
    for at in range(-ahead, size):
        if at + ahead < size:
            total += lines[at + ahead]
        if at - behind > 0:
            total -= lines[at - behind - 1]
        if at >= 0:
            count = min(size - 1, at + ahead) - max(0, at - behind) + 1
            blurred[at] = total / np.float32(count)
    return blurred


def _luminance(rgb: NDArray[np.generic]) -> NDArray[np.float32]:
    exact = rgb.astype(np.float64)
    luminance = (0.299 * exact[..., 0] + 0.587 * exact[..., 1]) + 0.114 * exact[..., 2]
    return luminance.astype(np.float32)


def _sample_centre(out: int, size: int) -> int:
    return int(((out + 0.5) * size) / SIDE)


def _quality(luma: NDArray[np.float32]) -> int:
    steps = 0
    for axis in (0, 1):
        steps += int(np.abs(np.trunc(-np.diff(luma, axis=axis) * 100 / 255)).sum())
    return min(100, steps // 90)


@lru_cache(maxsize=1)
def cosine_table() -> NDArray[np.float32]:
    """Return the 16 lowest frequencies over 64 samples, the constant one left out."""
    turn = np.pi / 2.0 / SIDE
    frequency = np.arange(1, KEPT + 1)[:, None]
    scale = np.float64(np.float32(np.sqrt(2.0 / SIDE)))
    table = scale * np.cos(turn * frequency * (2 * np.arange(SIDE) + 1))
    single: NDArray[np.float32] = table.astype(np.float32)
    return single


def _transform(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    table = cosine_table()
    half = np.zeros((KEPT, SIDE), dtype=np.float32)
    full = np.zeros((KEPT, KEPT), dtype=np.float32)
    for k in range(SIDE):
        half += table[:, k, None] * luma[k]
    for k in range(SIDE):
        full += half[:, k, None] * table[:, k]
    return full


def _turn(
    frequencies: NDArray[np.float32], transposed: bool, odd_rows: bool, odd_columns: bool
) -> NDArray[np.float32]:
    turned = frequencies.copy()
    if odd_rows:
        turned[::2] *= -1
    if odd_columns:
        turned[:, ::2] *= -1
    return turned.T if transposed else turned


def _code(frequencies: NDArray[np.float32]) -> bytes:
    values = frequencies.reshape(-1)
    median = np.sort(values)[KEPT * KEPT // 2 - 1]
    return np.packbits((values > median)[::-1]).tobytes()
