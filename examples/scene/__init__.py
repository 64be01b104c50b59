"""Scenes without figures: landscapes, buildings, objects, patterns, drawn from a number.

A scene is a pure function of its seed. Coordinates are fractions of the picture, so that the
same seed drawn small looks like the same seed drawn large, and a moved camera sees the same
place from a step aside.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from examples.scene.building import draw_building
from examples.scene.canvas import Canvas, open_lens
from examples.scene.landscape import draw_landscape
from examples.scene.pattern import draw_pattern
from examples.scene.still_life import draw_still_life

THEMES: dict[str, Callable[[Canvas], None]] = {
    "landscape": draw_landscape,
    "building": draw_building,
    "object": draw_still_life,
    "pattern": draw_pattern,
}
"""What can be drawn, in the order in which scenes take turns."""

MARGIN = 0.03
"""Share of the picture drawn beyond each edge, so that the camera can move a little."""

DRAWN_PX = 560
"""Longest side that is drawn; the lens enlarges it. Detail beyond it is the sensor's noise."""


def draw_scene(
    theme: str, seed: int, width_px: int, height_px: int, *, shift: tuple[float, float] = (0, 0)
) -> NDArray[np.float32]:
    """Draw one scene as the lens would throw it on the sensor, without noise.

    Args:
        theme: A key of ``THEMES``.
        seed: What is drawn.
        shift: How far the camera moved, in shares of the picture, each at most ``MARGIN``.
    Shapes: result (height, width, 3) float32, 0 to 255.
    """
    wide = round(width_px * (1 + 2 * MARGIN))
    high = round(height_px * (1 + 2 * MARGIN))
    scale = min(1.0, DRAWN_PX / max(wide, high))
    canvas = Canvas(round(wide * scale), round(high * scale), seed)
    THEMES[theme](canvas)
    seen = open_lens(canvas, wide, high)
    left = round((wide - width_px) / 2 + shift[0] * width_px)
    top = round((high - height_px) / 2 + shift[1] * height_px)
    return seen[top : top + height_px, left : left + width_px]
