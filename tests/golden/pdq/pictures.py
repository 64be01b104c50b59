"""Seeded crops and rescalings of photographs that scikit-image ships; nobody is on them."""

from __future__ import annotations

import importlib.util
import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PHOTOGRAPHS = {
    "brick": "brick.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "moon": "moon.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
}
SEED = 20261
COUNT = 2000
SHORTEST_PX, LONGEST_PX = 48, 1000


@dataclass(frozen=True, slots=True)
class Crop:
    """One picture to make: a box of a photograph, and the size it is brought to."""

    photograph: str
    box: tuple[int, int, int, int]
    size: tuple[int, int]

    @property
    def is_rescaled(self) -> bool:
        """Whether the crop's own size differs from the one asked for."""
        left, top, right, bottom = self.box
        return self.size != (right - left, bottom - top)


def photograph_folder() -> Path:
    """Find scikit-image's pictures without importing it."""
    spec = importlib.util.find_spec("skimage")
    assert spec is not None, "scikit-image belongs to the dev group"
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


def load_photographs(folder: Path) -> dict[str, Image.Image]:
    """Decode the photographs once, as RGB."""
    return {name: Image.open(folder / file).convert("RGB") for name, file in PHOTOGRAPHS.items()}


def plan_crops(photographs: dict[str, Image.Image]) -> list[Crop]:
    """Choose the crops: one in four keeps its size, the others are rescaled either way."""
    chosen = random.Random(SEED)
    crops = []
    for number in range(COUNT):
        name = sorted(photographs)[number % len(photographs)]
        full_width, full_height = photographs[name].size
        width = chosen.randint(full_width // 4, full_width)
        height = chosen.randint(full_height // 4, full_height)
        left = chosen.randint(0, full_width - width)
        top = chosen.randint(0, full_height - height)
        size = (width, height)
        if number % 4:
            longest = math.exp(chosen.uniform(math.log(SHORTEST_PX), math.log(LONGEST_PX)))
            scale = longest / max(size)
            size = (max(16, round(width * scale)), max(16, round(height * scale)))
        crops.append(Crop(name, (left, top, left + width, top + height), size))
    return crops


def make_picture(crop: Crop, photographs: dict[str, Image.Image]) -> Image.Image:
    """Cut and rescale one picture; the same bytes at every call."""
    cut = photographs[crop.photograph].crop(crop.box)
    return cut.resize(crop.size, Image.Resampling.BICUBIC) if crop.is_rescaled else cut


def pixels_of(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the picture's (h, w, 3) bytes."""
    return np.array(picture, dtype=np.uint8)
