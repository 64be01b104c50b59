"""What all scenes are drawn with: a canvas in shares of the picture, textures, soft masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Plane = NDArray[np.floating]
Colour = tuple[float, float, float]
Point = tuple[float, float]

TEXTURE_OCTAVES = 8


class Canvas:
    """A picture in the making: colours 0 to 1, positions in shares of width and height.

    Args:
        width_px, height_px: Size.
        seed: Everything drawn on it follows from this number.
    """

    def __init__(self, width_px: int, height_px: int, seed: int) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self.rng = np.random.default_rng((seed, 0x5CE4E))
        self.pixels = np.zeros((height_px, width_px, 3), np.float32)
        self.across = ((np.arange(width_px, dtype=np.float32) + 0.5) / width_px)[None, :]
        self.down = ((np.arange(height_px, dtype=np.float32) + 0.5) / height_px)[:, None]

    def number(self, low: float, high: float) -> float:
        """Draw a number between two bounds."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """Draw a whole number between two bounds, both possible."""
        return int(self.rng.integers(low, high + 1))

    def choose(self, options: Sequence[Colour]) -> Colour:
        """Draw one of several colours, slightly changed."""
        base = options[int(self.rng.integers(len(options)))]
        return self.vary(base, 0.05)

    def vary(self, colour: Colour, spread: float) -> Colour:
        """Change a colour a little."""
        moved = np.clip(np.asarray(colour) + self.rng.normal(0, spread, 3), 0.01, 0.99)
        return (float(moved[0]), float(moved[1]), float(moved[2]))

    def texture(self, cells: float, *, stretch: float = 1.0, roughness: float = 0.55) -> Plane:
        """Make a cloud-like texture, mean 0, about -1 to 1.

        Args:
            cells: Lumps across the picture in the coarsest layer.
            stretch: How much wider than high the lumps are.
            roughness: Strength of each finer layer against the one before.
        """
        seed = int(self.rng.integers(1 << 62))
        columns = max(2, round(cells))
        rows = max(2, round(cells * stretch * self.height_px / self.width_px))
        heap: Plane = np.zeros((rows, columns), np.float32)
        strength, total = 1.0, 0.0
        for octave in range(TEXTURE_OCTAVES):
            layer_rng = np.random.default_rng((seed, octave))
            layer = layer_rng.standard_normal((rows, columns), np.float32) * strength
            heap = enlarge(heap, columns, rows) + layer
            total += strength * strength
            if columns > self.width_px or rows > self.height_px:
                break
            strength *= roughness
            columns, rows = columns * 2, rows * 2
        return enlarge(heap, self.width_px, self.height_px) * np.float32(0.5 / total**0.5)

    def mask(self, polygons: Sequence[Sequence[Point]]) -> Plane:
        """Make a mask (0 or 1) that covers polygons."""
        image = Image.new("L", (self.width_px, self.height_px))
        pen = ImageDraw.Draw(image)
        for corners in polygons:
            pen.polygon([self.place(x, y) for x, y in corners], fill=255)
        return np.asarray(image, np.float32) / 255

    def place(self, x: float, y: float) -> Point:
        """Turn shares of the picture into pixels."""
        return x * self.width_px, y * self.height_px

    def box(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
        """Return the rows and columns of a rectangle, cut to the picture."""
        rows = slice(
            max(0, round(top * self.height_px)),
            max(0, min(self.height_px, round(bottom * self.height_px))),
        )
        columns = slice(
            max(0, round(left * self.width_px)),
            max(0, min(self.width_px, round(right * self.width_px))),
        )
        return rows, columns

    def fill(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.pixels[self.box(left, top, right, bottom)] = np.asarray(colour, np.float32)

    def lay(self, colour: Colour | Plane, cover: Plane, rows: slice = slice(None)) -> None:
        """Lay a colour, or a picture of its own, over what is there.

        Args:
            cover: How far it covers, 0 to 1, of the same rows.
            rows: Only these rows are touched.
        """
        under = self.pixels[rows]
        under += (np.asarray(colour, np.float32) - under) * cover[..., None]


def enlarge(plane: Plane, columns: int, rows: int) -> Plane:
    """Scale a plane smoothly."""
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR), np.float32)


def ramp(start: Colour, end: Colour, share: Plane) -> Plane:
    """Blend from one colour to another; share 0 is the first."""
    first, last = np.asarray(start, np.float32), np.asarray(end, np.float32)
    return first + (last - first) * np.clip(share, 0, 1)[..., None]


def open_lens(canvas: Canvas, width_px: int, height_px: int) -> Plane:
    """Throw a drawing on a sensor of a given size: slightly soft, darker towards the corners.

    Shapes: result (height, width, 3) float32, 0 to 255.
    """
    distance = (canvas.across - 0.5) ** 2 + (canvas.down - 0.5) ** 2
    lit = canvas.pixels * (255 * (1 - 0.35 * distance))[..., None]
    image = Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
    if image.size != (width_px, height_px):
        image = image.resize((width_px, height_px), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)
