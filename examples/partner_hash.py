"""A partner's PDQ: the plain definition, so that lists do not come from the code under test.

Source: PDQ, reference implementation: luma, two box blurs each way, 64 x 64 samples, the 16 x 16
lowest frequencies of a cosine transform, each against their median.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES = 64
KEPT = 16


@dataclass(frozen=True, slots=True)
class PartnerHash:
    """PDQ of one picture.

    Args:
        bits: Eight mirrored and turned forms, the picture as it stands first.
        quality: 0 to 100.
    Shapes: bits (8, 256) bool, lowest bit of the code first.
    """

    bits: NDArray[np.bool_]
    quality: int

    @property
    def hex(self) -> str:
        """The code of the picture as it stands, as partners write it."""
        return np.packbits(self.bits[0][::-1]).tobytes().hex()


def hash_picture(rgb: NDArray[np.generic]) -> PartnerHash:
    """Compute PDQ of a picture.

    Shapes: rgb (height, width, 3), 0 to 255.
    """
    pixels = np.asarray(rgb, np.float32)
    luma = pixels @ np.asarray([0.299, 0.587, 0.114], np.float32)
    for axis in (0, 1):
        luma = _box_blur(_box_blur(luma, axis), axis)
    rows, columns = (_sample_points(size) for size in luma.shape)
    small = luma[np.ix_(rows, columns)]
    waves = _cosines()
    low = waves @ small @ waves.T
    return PartnerHash(np.stack([_bits(form) for form in _forms(low)]), _quality(small))


def least_distance_bits(left: PartnerHash, right: PartnerHash) -> int:
    """Return the smallest distance between a picture and any form of another."""
    return int(np.min(np.sum(left.bits[0] != right.bits, axis=1)))


def _sample_points(size: int) -> NDArray[np.intp]:
    return ((np.arange(SAMPLES) + 0.5) * size / SAMPLES).astype(np.intp)


def _box_blur(plane: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    size = plane.shape[axis]
    window = (size + 2 * SAMPLES - 1) // (2 * SAMPLES)
    ahead = (window + 2) // 2
    place = np.arange(size)
    first = np.maximum(place - (window - ahead), 0)
    last = np.minimum(place + ahead, size)
    sums = np.concatenate(
        [np.zeros_like(plane.take([0], axis), np.float64), plane.cumsum(axis, np.float64)], axis
    )
    shape = [1, 1]
    shape[axis] = size
    total = sums.take(last, axis) - sums.take(first, axis)
    mean: NDArray[np.float32] = (total / (last - first).reshape(shape)).astype(np.float32)
    return mean


def _cosines() -> NDArray[np.float64]:
    frequency = np.arange(1, KEPT + 1)[:, None]
    place = 2 * np.arange(SAMPLES)[None, :] + 1
    waves: NDArray[np.float64] = np.cos(np.pi / (2 * SAMPLES) * frequency * place)
    scale: float = (2 / SAMPLES) ** 0.5
    return waves * scale


def _forms(low: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    sign = np.where(np.arange(KEPT) % 2 == 0, -1.0, 1.0)
    mirrored = [low, low * sign[None, :], low * sign[:, None], low * sign[:, None] * sign[None, :]]
    return mirrored + [form.T for form in mirrored]


def _bits(low: NDArray[np.float64]) -> NDArray[np.bool_]:
    ordered = np.sort(low, axis=None)
    bits: NDArray[np.bool_] = (low > ordered[low.size // 2 - 1]).ravel()
    return bits


def _quality(small: NDArray[np.float32]) -> int:
    total = 0
    for axis in (0, 1):
        steps = np.diff(small, axis=axis) * 100 / 255
        total += int(np.abs(np.trunc(steps)).sum())
    return min(100, total // 90)
