"""Buildings: a skyline, a front, a row of houses."""

from __future__ import annotations

import numpy as np

from examples.scene.canvas import Canvas, Colour, Plane, ramp

WALLS: tuple[Colour, ...] = (
    (0.62, 0.42, 0.32),
    (0.78, 0.72, 0.60),
    (0.55, 0.56, 0.58),
    (0.86, 0.84, 0.80),
    (0.45, 0.30, 0.26),
    (0.70, 0.60, 0.30),
    (0.40, 0.50, 0.58),
)
GLASS: tuple[Colour, ...] = ((0.12, 0.16, 0.22), (0.30, 0.40, 0.50), (0.85, 0.75, 0.45))
ROOFS: tuple[Colour, ...] = ((0.50, 0.22, 0.15), (0.25, 0.25, 0.28), (0.38, 0.30, 0.24))


def draw_building(canvas: Canvas) -> None:
    """Draw one of three kinds of built places."""
    _background(canvas)
    kinds = (_skyline, _front, _houses)
    kinds[int(canvas.rng.integers(len(kinds)))](canvas)
    _weather(canvas)


def _background(canvas: Canvas) -> None:
    top = canvas.choose(((0.35, 0.55, 0.80), (0.60, 0.64, 0.70), (0.20, 0.24, 0.40)))
    low = canvas.choose(((0.88, 0.90, 0.92), (0.95, 0.75, 0.55)))
    canvas.pixels[:] = ramp(top, low, np.broadcast_to(canvas.down * 1.3, (canvas.height_px, 1)))
    clouds = canvas.texture(3, stretch=2)
    canvas.lay((0.95, 0.95, 0.96), np.clip((clouds + canvas.number(-0.1, 0.2)) * 3, 0, 0.9))


def _weather(canvas: Canvas) -> None:
    stains = canvas.texture(canvas.number(4, 8), roughness=0.8)
    side = canvas.number(-0.35, 0.35)
    light = 1 + 0.35 * stains + side * (canvas.across - 0.5) * 2
    canvas.pixels *= light[..., None]


def _panes(
    canvas: Canvas, left: float, top: float, right: float, bottom: float, cell: float
) -> None:
    """Set rows of windows into a wall."""
    glass, frame = canvas.choose(GLASS), canvas.vary((0.8, 0.8, 0.78), 0.12)
    tall = canvas.number(1.0, 1.8) * canvas.width_px / canvas.height_px
    columns = max(1, int((right - left) / cell))
    rows = max(1, int((bottom - top) / (cell * tall)))
    lit = canvas.rng.random((rows, columns))
    gap_x, gap_y = (right - left) / columns, (bottom - top) / rows
    inset = canvas.number(0.14, 0.3)
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * gap_x, top + row * gap_y
            pane = canvas.vary(glass, 0.03) if lit[row, column] < 0.75 else (0.9, 0.82, 0.6)
            for share, colour in ((inset * 0.7, frame), (inset, pane)):
                canvas.fill(
                    x + gap_x * share,
                    y + gap_y * share,
                    x + gap_x * (1 - share),
                    y + gap_y * (1 - share),
                    colour,
                )


def _skyline(canvas: Canvas) -> None:
    for depth in range(3):
        x = canvas.number(-0.12, 0.0)
        while x < 1.0:
            width = canvas.number(0.08, 0.26)
            top = canvas.number(0.05, 0.75) * (0.75 + depth * 0.12)
            wall = canvas.choose(WALLS)
            shade = 0.55 + 0.25 * depth
            wall = (wall[0] * shade, wall[1] * shade, wall[2] * shade)
            canvas.fill(x, top, x + width, 1, wall)
            dark = (wall[0] * 0.6, wall[1] * 0.6, wall[2] * 0.6)
            canvas.fill(x + width * canvas.number(0.65, 0.9), top, x + width, 1, dark)
            if canvas.rng.random() < 0.8:
                _panes(canvas, x, top + 0.01, x + width, 1, canvas.number(0.02, 0.05))
            if canvas.rng.random() < 0.3:
                mast = x + width * canvas.number(0.2, 0.8)
                canvas.fill(mast, top - canvas.number(0.05, 0.2), mast + 0.006, top, dark)
            x += width * canvas.number(0.8, 1.5)


def _front(canvas: Canvas) -> None:
    wall = canvas.choose(WALLS)
    top = canvas.number(-0.1, 0.3)
    left, right = canvas.number(-0.1, 0.25), canvas.number(0.75, 1.1)
    canvas.fill(left, top, right, 1, wall)
    _bricks(canvas, left, top, right)
    _panes(canvas, left, top + 0.03, right, canvas.number(0.7, 0.82), canvas.number(0.09, 0.24))
    for _ in range(canvas.count(1, 4)):
        y = canvas.number(top, 0.85)
        canvas.fill(left - 0.01, y, right + 0.01, y + 0.025, canvas.vary((0.75, 0.73, 0.7), 0.1))
    for _ in range(canvas.count(1, 3)):
        x, width = canvas.number(left, right - 0.2), canvas.number(0.08, 0.2)
        canvas.fill(x - 0.015, 0.72, x + width + 0.015, 1, (0.7, 0.68, 0.62))
        canvas.fill(x, 0.75, x + width, 1, canvas.choose(((0.3, 0.15, 0.1), (0.1, 0.25, 0.2))))
    _shadow(canvas)


def _bricks(canvas: Canvas, left: float, top: float, right: float) -> None:
    rows, columns = canvas.box(left, top, right, 1)
    high, wide = canvas.height_px // canvas.count(40, 70), canvas.width_px // canvas.count(18, 30)
    high, wide = max(2, high), max(3, wide)
    down = np.arange(rows.start, rows.stop)[:, None]
    across = np.arange(columns.start, columns.stop)[None, :]
    course = down // high
    seam = (down % high == 0) | ((across + (course % 2) * wide // 2) % wide == 0)
    canvas.pixels[rows, columns] *= np.where(seam, 0.72, 1.0).astype(np.float32)[..., None]


def _shadow(canvas: Canvas) -> None:
    x, lean = canvas.number(0, 1), canvas.number(-0.5, 0.5)
    width = canvas.number(0.25, 0.6)
    cover: Plane = canvas.mask([[(x, 0), (x + width, 0), (x + width + lean, 1), (x + lean, 1)]])
    canvas.pixels *= (1 - 0.45 * cover)[..., None]


def _houses(canvas: Canvas) -> None:
    street = canvas.number(0.75, 0.92)
    x = canvas.number(-0.15, 0)
    while x < 1:
        width, eaves = canvas.number(0.16, 0.34), canvas.number(0.25, 0.6)
        wall, roof = canvas.choose(WALLS), canvas.choose(ROOFS)
        canvas.fill(x, eaves, x + width, street, wall)
        peak = eaves - canvas.number(0.1, 0.3)
        lean = width * canvas.number(0.3, 0.7)
        gable = canvas.mask([[(x - 0.015, eaves), (x + lean, peak), (x + width + 0.015, eaves)]])
        tiles = np.where(
            (np.arange(canvas.height_px) // max(2, canvas.height_px // 60)) % 2, 1, 0.8
        )
        body = np.asarray(roof, np.float32) * tiles.astype(np.float32)[:, None, None]
        canvas.lay(np.broadcast_to(body, canvas.pixels.shape), gable)
        _panes(canvas, x + 0.015, eaves + 0.03, x + width - 0.015, street - 0.12,
               canvas.number(0.05, 0.1))  # fmt: skip
        door = x + width * canvas.number(0.2, 0.6)
        canvas.fill(door, street - 0.13, door + width * 0.2, street, canvas.choose(ROOFS))
        x += width * canvas.number(1.0, 1.15)
    canvas.fill(0, street, 1, 1, canvas.vary((0.35, 0.35, 0.36), 0.06))
    canvas.fill(0, street, 1, street + 0.03, canvas.vary((0.65, 0.64, 0.62), 0.05))
    _shadow(canvas)
