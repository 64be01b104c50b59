"""Landscapes: sky, clouds, ridges, water, meadows, trees, rocks."""

from __future__ import annotations

import numpy as np

from examples.scene.canvas import Canvas, Colour, Plane, Point, ramp

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((0.22, 0.42, 0.72), (0.80, 0.88, 0.95)),
    ((0.10, 0.20, 0.45), (0.95, 0.62, 0.35)),
    ((0.45, 0.50, 0.56), (0.85, 0.86, 0.86)),
    ((0.30, 0.25, 0.45), (0.98, 0.78, 0.62)),
    ((0.06, 0.12, 0.28), (0.40, 0.52, 0.62)),
)
GROUNDS: tuple[Colour, ...] = (
    (0.24, 0.36, 0.14),
    (0.42, 0.40, 0.18),
    (0.62, 0.50, 0.32),
    (0.30, 0.26, 0.20),
    (0.80, 0.82, 0.86),
)
LEAVES: tuple[Colour, ...] = ((0.10, 0.22, 0.10), (0.18, 0.28, 0.08), (0.45, 0.26, 0.08))


def draw_landscape(canvas: Canvas) -> None:
    """Draw a landscape: back to front, as a painter would."""
    horizon = canvas.number(0.25, 0.75)
    haze = _sky(canvas, horizon)
    _ridges(canvas, horizon, haze)
    if canvas.rng.random() < 0.4:
        _water(canvas, horizon)
    else:
        _meadow(canvas, horizon)
    if canvas.rng.random() < 0.6:
        _rocks(canvas, horizon)
    if canvas.rng.random() < 0.75:
        _trees(canvas, horizon)


def _sky(canvas: Canvas, horizon: float) -> Colour:
    top, low = SKIES[int(canvas.rng.integers(len(SKIES)))]
    top, low = canvas.vary(top, 0.05), canvas.vary(low, 0.04)
    canvas.pixels[:] = ramp(top, low, np.broadcast_to(canvas.down / horizon, (canvas.height_px, 1)))
    sun_x, sun_y = canvas.number(0, 1), canvas.number(0.05, horizon)
    shape = canvas.height_px / canvas.width_px
    away = np.hypot(canvas.across - sun_x, (canvas.down - sun_y) * shape)
    canvas.lay((1.0, 0.95, 0.82), 0.7 * np.exp(-away / canvas.number(0.05, 0.25)))
    clouds = canvas.texture(canvas.number(2, 4), stretch=canvas.number(1.2, 2.5))
    cover = np.clip((clouds + canvas.number(-0.15, 0.25)) * 3.5, 0, 1)
    shade = ramp((0.98, 0.97, 0.95), (0.42, 0.44, 0.50), clouds * 1.6)
    canvas.lay(shade, cover * canvas.number(0.7, 0.97))
    return low


def _ridges(canvas: Canvas, horizon: float, haze: Colour) -> None:
    depth = canvas.count(2, 4)
    near = canvas.choose(GROUNDS)
    for step in range(depth):
        share = (step + 1) / depth
        line = canvas.texture(canvas.number(1.5, 4.5), roughness=0.5)[canvas.height_px // 2]
        crest = horizon - canvas.number(0.06, 0.3) * (1.15 - share) - line * canvas.number(0.1, 0.3)
        cover = np.clip((canvas.down - crest[None, :]) * canvas.height_px / 2, 0, 1)
        relief = canvas.texture(canvas.number(5, 12), roughness=0.7)
        light = relief - np.roll(relief, canvas.width_px // 90, axis=1)
        colour = np.asarray(near) * share + np.asarray(haze) * (1 - share) * 0.8
        body = colour.astype(np.float32) * (0.8 + 0.4 * relief + 1.1 * light)[..., None]
        if step == 0 and canvas.rng.random() < 0.4:
            snow = np.clip((crest[None, :] + 0.09 - canvas.down + relief * 0.08) * 25, 0, 1)
            body += (np.float32(0.92) - body) * snow[..., None]
        canvas.lay(np.clip(body, 0, 1), cover)


def _below(canvas: Canvas, horizon: float) -> slice:
    return slice(min(canvas.height_px - 4, round(horizon * canvas.height_px)), None)


def _meadow(canvas: Canvas, horizon: float) -> None:
    rows = _below(canvas, horizon)
    colour, other = canvas.choose(GROUNDS), canvas.choose(GROUNDS)
    fields = canvas.texture(canvas.number(2, 5), stretch=3.5)[rows]
    blades = canvas.texture(60, stretch=0.5, roughness=0.8)[rows]
    near = (canvas.down[rows] - horizon) / (1 - horizon + 1e-6)
    body = ramp(colour, other, 0.5 + fields * 2.2) * (0.75 + 0.6 * blades * near)[..., None]
    edge = np.clip((canvas.down[rows] - horizon) * 40, 0, 1)
    canvas.lay(np.clip(body, 0, 1), np.broadcast_to(edge, body.shape[:2]), rows)


def _water(canvas: Canvas, horizon: float) -> None:
    rows = _below(canvas, horizon)
    start = rows.start
    height = canvas.height_px - start
    waves = canvas.texture(14, stretch=5, roughness=0.7)[rows]
    near = (canvas.down[rows] - horizon) / (1 - horizon + 1e-6)
    source = start - 1 - np.arange(height, dtype=np.float32)[:, None]
    source = source + waves * near * canvas.height_px * 0.12
    mirrored = np.abs(np.clip(source, -canvas.height_px + 1, start - 1)).astype(np.intp)
    reflection = canvas.pixels[mirrored, np.arange(canvas.width_px)[None, :]]
    deep = np.asarray(canvas.choose(((0.08, 0.2, 0.28), (0.05, 0.25, 0.3))), np.float32)
    body = reflection * 0.6 + deep * 0.4 + (waves * near * 0.35)[..., None]
    canvas.pixels[rows] = np.clip(body, 0, 1)


def _rocks(canvas: Canvas, horizon: float) -> None:
    relief = canvas.texture(18, roughness=0.75)
    for _ in range(canvas.count(2, 7)):
        x, y = canvas.number(0, 1), canvas.number(horizon, 1)
        size = canvas.number(0.04, 0.2) * (0.3 + (y - horizon) / (1 - horizon + 1e-6))
        rows, columns = canvas.box(x - size, y - size, x + size, y + size * 0.6)
        across = (canvas.across[:, columns] - x) / size
        down = (canvas.down[rows] - y) / (size * 0.8)
        round_off = across**2 + down**2 + relief[rows, columns] * 0.7
        cover = np.clip((0.6 - round_off) * 12, 0, 1)
        light = np.clip(0.55 - 0.4 * across - 0.5 * down + relief[rows, columns] * 0.5, 0.05, 1)
        stone = np.asarray(canvas.choose(((0.5, 0.47, 0.43), (0.35, 0.33, 0.32))), np.float32)
        patch = canvas.pixels[rows, columns]
        patch += (stone * light[..., None] * 1.3 - patch) * cover[..., None]


def _trees(canvas: Canvas, horizon: float) -> None:
    leaf = canvas.choose(LEAVES)
    grain = canvas.texture(40, roughness=0.85)
    draw = _fir if canvas.rng.random() < 0.5 else _crown
    places = sorted(canvas.number(horizon - 0.02, 1.05) for _ in range(canvas.count(3, 16)))
    for base in places:
        size = 0.08 + 0.55 * max(0.0, base - horizon) + canvas.number(0, 0.12)
        x = canvas.number(-0.05, 1.05)
        _stand(canvas, draw(canvas, x, base, size), canvas.vary(leaf, 0.04), grain)


def _stand(canvas: Canvas, parts: list[list[Point]], leaf: Colour, grain: Plane) -> None:
    cover = canvas.mask(parts)
    filled = np.flatnonzero(cover.any(axis=1))
    if not filled.size:
        return
    rows = slice(int(filled[0]), int(filled[-1]) + 1)
    body = np.asarray(leaf, np.float32) * (1.0 + 1.1 * grain[rows])[..., None]
    canvas.lay(np.clip(body, 0, 1), cover[rows], rows)


def _fir(canvas: Canvas, x: float, base: float, size: float) -> list[list[Point]]:
    parts = [[(x - size * 0.03, base), (x + size * 0.03, base), (x, base - size)]]
    for tier in range(7):
        top = base - size * (1.0 - tier * 0.12)
        half = size * (0.05 + tier * 0.028) * canvas.number(0.85, 1.15)
        parts.append([(x, top - size * 0.05), (x - half, top + size * 0.14),
                      (x + half, top + size * 0.14)])  # fmt: skip
    return parts


def _crown(canvas: Canvas, x: float, base: float, size: float) -> list[list[Point]]:
    trunk = size * 0.03
    parts = [[(x - trunk, base), (x + trunk, base), (x + trunk / 2, base - size * 0.6),
              (x - trunk / 2, base - size * 0.6)]]  # fmt: skip
    for _ in range(14):
        turn, reach = canvas.number(0, 2 * np.pi), canvas.number(0, 0.22) * size
        cx, cy = x + np.cos(turn) * reach * 0.8, base - size * 0.72 + np.sin(turn) * reach
        radius = size * canvas.number(0.05, 0.12)
        angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        wobble = canvas.rng.uniform(0.75, 1.2, 10)
        parts.append([(float(cx + np.cos(a) * radius * w * 0.8), float(cy + np.sin(a) * radius * w))
                      for a, w in zip(angles, wobble, strict=True)])  # fmt: skip
    return parts
