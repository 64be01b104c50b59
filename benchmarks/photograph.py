"""Pictures for measuring: photographs that scikit-image ships, enlarged, with sensor-like noise."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NOISE_LEVELS = 7.0
"""So that a JPEG at quality 90 carries 0.3 to 0.45 bytes a pixel, as photographs do."""

SIZES = {"12 MP": (4032, 3024), "1.2 MP": (1275, 956), "0.12 MP": (403, 302)}


def open_photograph(name: str) -> Image.Image:
    """Open one of scikit-image's pictures as RGB, without importing the package."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("the benchmarks need scikit-image, which `make setup` installs")
    return Image.open(Path(spec.origin).parent / "data" / name).convert("RGB")


def make_photograph(width: int, height: int) -> NDArray[np.uint8]:
    """Make a picture of any size with the detail of a photograph.

    Shapes: result (height, width, 3) uint8.
    """
    source = open_photograph("coffee.png")
    scale = max(width / source.width, height / source.height)
    enlarged = source.resize(
        (round(source.width * scale), round(source.height * scale)), Image.Resampling.BICUBIC
    ).crop((0, 0, width, height))
    noise = np.random.default_rng(1).normal(0, NOISE_LEVELS, (height, width, 1))
    return np.clip(np.asarray(enlarged) + noise, 0, 255).astype(np.uint8)


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode at quality 90 with halved chroma, as cameras do."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
