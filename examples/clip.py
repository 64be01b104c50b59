"""Short drawn clips, where ffmpeg is present: a slow pan over one scene, then over another."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.scene import draw_scene
from examples.shelf import Shelf
from examples.truth import Item, NotDrawn

FRAMES_PER_S = 10
SECONDS = 4
WIDTH_PX, HEIGHT_PX = 320, 240
ENCODER_LIMIT_S = 120

CLIPS: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "mp4": ("libx264", b"phone/DCIM/100CLIPS/VID_20260214_101500.mp4", ("-f", "mp4")),
    "mp4-platform": (
        "mpeg4",
        b"phone/Messenger/Media/Video/VID-20260301-WA0007.mp4",
        ("-f", "mp4"),
    ),
    "webm": ("libvpx", b"laptop/Downloads/clip.webm", ("-f", "webm", "-deadline", "realtime")),
    "mov": ("mjpeg", b"laptop/Videos/GUL00017.MOV", ("-f", "mov")),
}
"""Container, encoder, where the clip lies, and what else ffmpeg is told."""


@lru_cache(maxsize=1)
def _encoders() -> str:
    if shutil.which("ffmpeg") is None:
        return ""
    done = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, check=False)
    return done.stdout.decode("ascii", "replace")


def put_clips(shelf: Shelf, seed: int) -> None:
    """Put the clips into the collection."""
    for number, (variant, (encoder, path, options)) in enumerate(CLIPS.items()):
        if f" {encoder} " not in _encoders():
            shelf.not_drawn.append(NotDrawn(f"clip: {variant}", f"no ffmpeg with {encoder} here"))
            continue
        frames = _pan(seed * 100 + number)
        content = _encode(frames, encoder, options)
        source = path.split(b"/", 1)[0].decode()
        shelf.put(Item(path, source, "clip", variant), content)


def _pan(seed: int) -> NDArray[np.uint8]:
    steps = FRAMES_PER_S * SECONDS // 2
    parts = []
    for theme, offset in (("landscape", 0), ("building", 1)):
        wide = draw_scene(theme, seed * 2 + offset + (1 << 40), WIDTH_PX * 5 // 4, HEIGHT_PX)
        room = wide.shape[1] - WIDTH_PX
        for step in range(steps):
            left = room * step // steps
            parts.append(wide[:, left : left + WIDTH_PX])
    return np.clip(np.stack(parts), 0, 255).astype(np.uint8)


def _encode(frames: NDArray[np.uint8], encoder: str, options: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        command = [
            "ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "-s", f"{WIDTH_PX}x{HEIGHT_PX}", "-r", str(FRAMES_PER_S), "-i", "pipe:0",
            "-c:v", encoder, "-threads", "1", "-pix_fmt",
            "yuvj420p" if encoder == "mjpeg" else "yuv420p",
            "-b:v", "700k", "-fflags", "+bitexact", "-flags:v", "+bitexact", *options, str(path),
        ]  # fmt: skip
        subprocess.run(
            command, input=frames.tobytes(), capture_output=True, check=True,
            timeout=ENCODER_LIMIT_S,
        )  # fmt: skip
        return path.read_bytes()
