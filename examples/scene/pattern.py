"""Patterns: broken tiles, woven cloth, warped stripes, laid stones."""

from __future__ import annotations

import numpy as np

from examples.scene.canvas import Canvas, Colour, Plane, ramp

DYES: tuple[Colour, ...] = (
    (0.72, 0.18, 0.16),
    (0.10, 0.26, 0.46),
    (0.92, 0.80, 0.42),
    (0.15, 0.42, 0.36),
    (0.93, 0.90, 0.84),
    (0.13, 0.12, 0.14),
    (0.80, 0.48, 0.22),
    (0.45, 0.28, 0.48),
)


def draw_pattern(canvas: Canvas) -> None:
    """Draw one of four patterns under uneven light."""
    kinds = (_mosaic, _weave, _stripes, _slabs)
    kinds[int(canvas.rng.integers(len(kinds)))](canvas)
    grain = canvas.texture(50, roughness=0.8)
    light = canvas.texture(2, roughness=0.45)
    canvas.pixels *= (0.95 + 0.3 * grain + 0.75 * light)[..., None]


def _mosaic(canvas: Canvas) -> None:
    pieces = canvas.count(25, 70)
    x, y = canvas.rng.random(pieces), canvas.rng.random(pieces)
    shape = canvas.height_px / canvas.width_px
    bend = canvas.texture(8) * 0.05
    nearest = np.full((canvas.height_px, canvas.width_px), 9, np.float32)
    second = nearest.copy()
    owner = np.zeros(nearest.shape, np.intp)
    for piece in range(pieces):
        apart = (canvas.across - np.float32(x[piece]) + bend) ** 2 + (
            (canvas.down - np.float32(y[piece])) * np.float32(shape)
        ) ** 2
        closer = apart < nearest
        second = np.where(closer, nearest, np.minimum(second, apart))
        owner[closer] = piece
        nearest = np.minimum(nearest, apart)
    dyes = np.asarray([canvas.choose(DYES) for _ in range(pieces)], np.float32)
    joint = np.clip((np.sqrt(second) - np.sqrt(nearest)) * 120, 0, 1)
    canvas.pixels[:] = dyes[owner] * (0.25 + 0.75 * joint)[..., None]


def _weave(canvas: Canvas) -> None:
    threads = canvas.count(7, 16)
    shape = canvas.height_px / canvas.width_px
    bend = canvas.texture(3, roughness=0.4) * canvas.number(0.02, 0.1)
    across = (canvas.across + bend) * threads
    down = (canvas.down * shape + np.roll(bend, 50, axis=1)) * threads
    warp_dyes = np.asarray([canvas.choose(DYES) for _ in range(threads + 4)], np.float32)
    weft_dyes = np.asarray([canvas.choose(DYES) for _ in range(threads + 4)], np.float32)
    column = np.clip(across + 1, 0, threads + 3).astype(np.intp)
    row = np.clip(down + 1, 0, threads + 3).astype(np.intp)
    over = (column + row) % canvas.count(2, 3) == 0
    hill_x = np.abs(np.sin(across * np.pi))
    hill_y = np.abs(np.sin(down * np.pi))
    dyed = np.where(over[..., None], warp_dyes[column], weft_dyes[row])
    canvas.pixels[:] = dyed * (0.35 + 0.65 * np.where(over, hill_x, hill_y))[..., None]


def _stripes(canvas: Canvas) -> None:
    turn = canvas.number(0, np.pi)
    bend = canvas.texture(canvas.number(2, 4), roughness=0.5) * canvas.number(0.15, 0.5)
    along: Plane = canvas.across * np.float32(np.cos(turn)) + canvas.down * np.float32(np.sin(turn))
    along = (along + bend + 2) * canvas.number(6, 14)
    bands = np.asarray([canvas.choose(DYES) for _ in range(64)], np.float32)
    edge = np.abs(along - np.round(along))
    canvas.pixels[:] = bands[along.astype(np.intp) % 64] * (0.5 + edge)[..., None]


def _slabs(canvas: Canvas) -> None:
    base, other = canvas.choose(DYES), canvas.choose(DYES)
    canvas.pixels[:] = (0.12, 0.12, 0.12)
    y = 0.0
    stone = canvas.texture(20, roughness=0.85)
    while y < 1:
        high = canvas.number(0.1, 0.24)
        x = canvas.number(-0.2, 0)
        while x < 1:
            wide = canvas.number(0.1, 0.36)
            area = canvas.box(x + 0.006, y + 0.008, x + wide - 0.006, y + high - 0.008)
            if canvas.pixels[area].size:
                mix = np.full(canvas.pixels[area].shape[:2], canvas.number(0, 1), np.float32)
                tone = canvas.number(0.55, 1.15)
                canvas.pixels[area] = ramp(base, other, mix + stone[area]) * np.float32(tone)
            x += wide
        y += high
