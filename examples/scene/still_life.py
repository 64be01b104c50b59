"""Objects on a table: balls, boxes, vases, books, with light and shadow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from examples.scene.canvas import Canvas, Colour, Plane, ramp

CLOTH: tuple[Colour, ...] = (
    (0.60, 0.42, 0.25),
    (0.35, 0.22, 0.14),
    (0.75, 0.70, 0.62),
    (0.22, 0.30, 0.34),
)
GLAZE: tuple[Colour, ...] = (
    (0.75, 0.20, 0.15),
    (0.15, 0.35, 0.60),
    (0.90, 0.75, 0.25),
    (0.20, 0.45, 0.25),
    (0.88, 0.86, 0.80),
    (0.25, 0.20, 0.30),
    (0.85, 0.45, 0.20),
)


def draw_still_life(canvas: Canvas) -> None:
    """Draw a wall, a table and between four and nine things on it."""
    edge = canvas.number(0.35, 0.65)
    _room(canvas, edge)
    things: tuple[Callable[[Canvas, float, float, float], None], ...] = (
        _ball, _vase, _box, _books,
    )  # fmt: skip
    for base in sorted(canvas.number(edge + 0.08, 1.0) for _ in range(canvas.count(4, 9))):
        size = canvas.number(0.09, 0.2) * (0.7 + base * 0.6)
        thing = things[int(canvas.rng.integers(len(things)))]
        thing(canvas, canvas.number(0.05, 0.95), base, size)
    light = canvas.number(-0.4, 0.4)
    canvas.pixels *= (1 + light * (canvas.across - 0.5) * 2)[..., None]


def _room(canvas: Canvas, edge: float) -> None:
    wall = canvas.choose(((0.75, 0.72, 0.65), (0.45, 0.52, 0.55), (0.60, 0.45, 0.40)))
    plaster = canvas.texture(canvas.number(3, 6), roughness=0.7)
    canvas.pixels[:] = np.asarray(wall, np.float32) * (0.85 + 0.45 * plaster)[..., None]
    if canvas.rng.random() < 0.6:
        left, top = canvas.number(0, 0.6), canvas.number(-0.1, edge - 0.3)
        right, bottom = left + canvas.number(0.2, 0.45), top + canvas.number(0.25, 0.4)
        canvas.fill(left, top, right, bottom, canvas.choose(CLOTH))
        canvas.fill(left + 0.02, top + 0.025, right - 0.02, bottom - 0.025, canvas.choose(GLAZE))
    rows = slice(round(edge * canvas.height_px), None)
    grain = canvas.texture(canvas.number(4, 8), stretch=12, roughness=0.75)[rows]
    first, second = canvas.choose(CLOTH), canvas.choose(CLOTH)
    planks = np.sin(grain * 9 + canvas.down[rows] * canvas.number(20, 60)) * 0.12
    canvas.pixels[rows] = ramp(first, second, 0.4 + grain * 1.4) * (1 + planks)[..., None]


def _shade_below(canvas: Canvas, x: float, base: float, width: float) -> None:
    rows, columns = canvas.box(x - width * 2, base - width, x + width * 2.6, base + width)
    across = (canvas.across[:, columns] - x - width * 0.4) / (width * 1.5)
    down = (canvas.down[rows] - base) / (width * 0.5)
    dark = np.clip(1 - across**2 - down**2, 0, 1) * 0.65
    canvas.pixels[rows, columns] *= (1 - dark)[..., None]


def _paint(canvas: Canvas, area: tuple[slice, slice], body: Plane, cover: Plane) -> None:
    patch = canvas.pixels[area]
    patch += (np.clip(body, 0, 1) - patch) * cover[..., None]


def _ball(canvas: Canvas, x: float, base: float, size: float) -> None:
    _shade_below(canvas, x, base, size)
    shape = canvas.width_px / canvas.height_px
    y = base - size * shape
    area = canvas.box(x - size, y - size * shape, x + size, base)
    across = (canvas.across[:, area[1]] - x) / size
    down = (canvas.down[area[0]] - y) / (size * shape)
    apart = across**2 + down**2
    height = np.sqrt(np.clip(1 - apart, 0, 1))
    light = np.clip(0.25 + 0.75 * (height * 0.6 - across * 0.5 - down * 0.6), 0.05, 1)
    first, second = canvas.choose(GLAZE), canvas.choose(GLAZE)
    turn, bands = canvas.number(-1, 1), canvas.number(2, 7)
    stripes = np.sin((across * turn + down) * bands * (1.4 - height * 0.4)) > canvas.number(
        -0.5, 0.9
    )
    body = ramp(first, second, stripes.astype(np.float32)) * light[..., None]
    body += (np.clip(light - 0.93, 0, 1) * 9)[..., None]
    _paint(canvas, area, body, np.clip((1 - apart) * 25, 0, 1))


def _vase(canvas: Canvas, x: float, base: float, size: float) -> None:
    _shade_below(canvas, x, base, size * 0.7)
    tall = size * canvas.number(2.2, 3.6)
    area = canvas.box(x - size, base - tall, x + size, base)
    along = (canvas.down[area[0]] - (base - tall)) / tall
    bulge, foot, neck = canvas.number(0.3, 0.6), canvas.number(0.2, 0.5), canvas.number(0.15, 0.4)
    middle = canvas.number(0.4, 0.75)
    radius = size * (
        neck + (foot - neck) * along + bulge * np.exp(-(((along - middle) / 0.22) ** 2))
    )
    across = (canvas.across[:, area[1]] - x) / radius
    light = np.clip(0.95 - (across + 0.35) ** 2 * 0.75, 0.12, 1.0)
    first, second = canvas.choose(GLAZE), canvas.choose(GLAZE)
    rings = np.sin(along * canvas.number(8, 30) + across * canvas.number(-0.6, 0.6)) > 0.3
    body = ramp(first, second, rings.astype(np.float32)) * light[..., None]
    body += (np.exp(-(((across + 0.4) / 0.09) ** 2)) * 0.3)[..., None]
    _paint(canvas, area, body, np.clip((1 - np.abs(across)) * 14, 0, 1))


def _box(canvas: Canvas, x: float, base: float, size: float) -> None:
    _shade_below(canvas, x, base, size)
    colour = canvas.choose(GLAZE)
    tall = size * canvas.number(0.9, 2.2)
    depth, lean = size * canvas.number(0.4, 0.9), canvas.number(-0.8, 0.8) * size
    left, right, top = x - size * 0.7, x + size * 0.7, base - tall
    back = top - depth * 0.6
    side = right if lean > 0 else left
    faces = (
        (1.0, [(left, top), (right, top), (right, base), (left, base)]),
        (1.25, [(left, top), (right, top), (right + lean, back), (left + lean, back)]),
        (0.5, [(side, top), (side + lean, back), (side + lean, base - depth * 0.6), (side, base)]),
    )
    grain = canvas.texture(24, roughness=0.8)
    for light, corners in faces:
        body = np.asarray(colour, np.float32) * (light * (0.9 + 0.25 * grain))[..., None]
        canvas.lay(np.clip(body, 0, 1), canvas.mask([corners]))
    label = canvas.choose(GLAZE)
    canvas.fill(left + size * 0.2, top + tall * 0.3, right - size * 0.2, top + tall * 0.6, label)


def _books(canvas: Canvas, x: float, base: float, size: float) -> None:
    _shade_below(canvas, x, base, size * 1.2)
    bottom = base
    for _ in range(canvas.count(2, 6)):
        high = size * canvas.number(0.25, 0.5)
        half, off = size * canvas.number(0.9, 1.5), canvas.number(-0.2, 0.2) * size
        cover = canvas.choose(GLAZE)
        canvas.fill(x - half + off, bottom - high, x + half + off, bottom, cover)
        canvas.fill(x - half + off, bottom - high * 0.12, x + half + off, bottom,
                    (cover[0] * 0.4, cover[1] * 0.4, cover[2] * 0.4))  # fmt: skip
        mark = x + off + half * canvas.number(-0.8, 0.4)
        canvas.fill(mark, bottom - high * 0.7, mark + half * 0.4, bottom - high * 0.35,
                    canvas.choose(GLAZE))  # fmt: skip
        bottom -= high
