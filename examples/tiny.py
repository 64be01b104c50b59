"""Many small pictures, all different: what one file costs, whatever it shows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from examples.copies import save_jpeg

WIDTH_PX, HEIGHT_PX = 160, 120
PER_FOLDER = 1000


def draw_tiny(out: Path, *, files: int, seed: int) -> None:
    """Draw small JPEGs into folders of a thousand.

    Args:
        files: How many.
    Cost: O(files), about a millisecond each.
    """
    for number in range(files):
        folder = out / f"{number // PER_FOLDER:04d}"
        if number % PER_FOLDER == 0:
            os.makedirs(folder, exist_ok=True)
        rng = np.random.default_rng((seed, number))
        lumps = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
        soft = np.asarray(lumps.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC), np.int16)
        noise = rng.integers(-10, 11, soft.shape, np.int16)
        picture = Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))
        (folder / f"{number:06d}.jpg").write_bytes(save_jpeg(picture, 80))
