"""Keeping scenes apart: no two may look alike to PDQ in any mirrored or turned form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from examples.partner_hash import PartnerHash

LEAST_APART_BITS = 60
"""Distinct scenes are further from each other than this."""

LEAST_QUALITY = 80
BLOCK = 256


def find_clashes(seen: Sequence[PartnerHash]) -> list[int]:
    """Find scenes to be drawn again: too poor for a hash, or too near an earlier one.

    Returns:
        Positions, ascending.
    Cost: O(n²) in n scenes, as matrix products: 5,000 scenes take seconds.
    """
    poor = {place for place, one in enumerate(seen) if one.quality < LEAST_QUALITY}
    for first, distances in _distances(seen):
        later, _ = np.nonzero(distances <= LEAST_APART_BITS)
        poor.update((later + first).tolist())
    return sorted(poor)


def least_apart_bits(seen: Sequence[PartnerHash]) -> int:
    """Return the distance of the two scenes that are nearest to each other."""
    return int(min(distances.min() for _, distances in _distances(seen)))


def _distances(seen: Sequence[PartnerHash]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield, block by block, the distance of each scene from all earlier ones.

    Shapes: (rows, n) float32 in bits; pairs that do not count hold 256.
    """
    signs = np.stack([one.bits for one in seen]).astype(np.float32) * 2 - 1
    for first in range(0, len(seen), BLOCK):
        rows = signs[first : first + BLOCK, 0]
        nearest = np.full((len(rows), len(seen)), 256, np.float32)
        for form in range(signs.shape[1]):
            np.minimum(nearest, (256 - rows @ signs[:, form].T) / 2, out=nearest)
        place = np.arange(len(seen))
        nearest[place[None, :] >= first + np.arange(len(rows))[:, None]] = 256
        yield first, nearest
