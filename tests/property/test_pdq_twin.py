"""The PDQ kernel equals its numpy twin on whatever comes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.native.library import Route
from firstlight.native.pdq import compute_pdq
from firstlight.native.pdq_twin import compute_by_numpy

TOLERANCE_BITS = 2
"""A sum may differ in its last place, and with it a value that lies on the median."""


@settings(max_examples=120, deadline=None)
@given(
    height=st.integers(1, 220),
    width=st.integers(1, 220),
    channels=st.sampled_from([1, 3]),
    kind=st.sampled_from(["noise", "blocks", "two-levels", "constant", "ramp"]),
    seed=st.integers(0, 2**32 - 1),
    route=st.sampled_from(list(Route)),
)
def test_kernel_equals_twin(
    height: int, width: int, channels: int, kind: str, seed: int, route: Route
) -> None:
    generator = np.random.default_rng(seed)
    if kind == "blocks":
        pixels = np.kron(
            generator.integers(0, 256, (height // 9 + 1, width // 9 + 1), dtype=np.uint8),
            np.ones((9, 9), np.uint8),
        )[:height, :width]
    elif kind == "constant":
        pixels = np.full((height, width), generator.integers(0, 256), np.uint8)
    elif kind == "ramp":
        pixels = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    else:
        levels = 2 if kind == "two-levels" else 256
        pixels = (generator.integers(0, levels, (height, width)) * (255 // (levels - 1))).astype(
            np.uint8
        )
    if channels == 3:
        pixels = np.stack([pixels, np.roll(pixels, 3, axis=1), 255 - pixels], axis=-1)
    kernel, twin = compute_pdq(pixels, route_max=route), compute_by_numpy(pixels)
    for at in range(0, 256, 32):
        differing = int.from_bytes(kernel.codes[at : at + 32]) ^ int.from_bytes(
            twin.codes[at : at + 32]
        )
        assert kernel.quality < 1 or differing.bit_count() <= TOLERANCE_BITS
    assert abs(kernel.quality - twin.quality) <= 1
