"""Six invented cameras: what their sensors add to a scene, and the Exif they write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

SENSOR_PATTERN = 0.012
"""Spread of the fixed differences between a sensor's pixels, as a share of the light."""

EXIF_TIME = "%Y:%m:%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera; every name in it is invented.

    Args:
        key: Our short name of it.
        home: Sources in which its pictures lie; two mean that it links them.
        stem, style: How it names files (``dated`` or ``counted``).
        aspect: Width to height of the sensor.
        noise: Spread of the sensor's noise, in grey levels.
        quality: Of its JPEGs.
        offset: Zone that it writes beside the time; None when it writes none.
        turns: Whether it is held upright at times and says so in ``Orientation``.
        thumbnail: Whether it puts a thumbnail into the Exif.
    """

    key: str
    maker: str
    model: str
    body_serial: str
    lens: str | None
    lens_serial: str | None
    owner: str | None
    software: str | None
    home: list[str]
    stem: str
    style: str
    aspect: list[int]
    noise: float
    quality: int
    has_place: bool
    offset: str | None
    has_subsec: bool
    has_unique_id: bool
    turns: bool
    thumbnail: bool

    def size_px(self, longest_px: int) -> tuple[int, int]:
        """Return width and height of its pictures as the sensor lies."""
        wide, high = self.aspect
        return longest_px // 16 * 16, longest_px * high // wide // 16 * 16


@dataclass(frozen=True, slots=True)
class Shot:
    """When and where a picture was taken.

    Args:
        taken: The camera's clock, without a zone.
        place: Latitude and longitude in degrees, at sea; None when not recorded.
        turned: The camera was held upright: the pixels lie on their side.
        number: Counter of the camera.
    """

    taken: datetime
    place: tuple[float, float] | None
    turned: bool
    number: int


@lru_cache(maxsize=1)
def read_cameras() -> dict[str, Camera]:
    """Read the six cameras, by key."""
    text = Path(__file__).with_name("cameras.json").read_text("utf-8")
    return {row["key"]: Camera(**row) for row in json.loads(text)}


@lru_cache(maxsize=16)
def _sensor_pattern(key: str, width_px: int, height_px: int) -> NDArray[np.float32]:
    seed = int.from_bytes(key.encode(), "big")
    rng = np.random.default_rng((seed, width_px, height_px))
    spread = rng.standard_normal((height_px, width_px, 3), np.float32)
    return 1 + np.float32(SENSOR_PATTERN) * spread


def expose(
    camera: Camera, scene: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Catch a scene on the camera's sensor: its fixed pattern, and noise that is never the same.

    Shapes: scene (height, width, 3) 0 to 255 as the sensor lies; result the same.
    """
    height, width = scene.shape[:2]
    noise = rng.standard_normal((height, width, 3), np.float32)
    seen = scene * _sensor_pattern(camera.key, width, height)
    seen += noise * (camera.noise * (1.0 + scene / 400))
    caught: NDArray[np.uint8] = np.clip(seen + 0.5, 0, 255).astype(np.uint8)
    return caught


def file_stem(camera: Camera, shot: Shot) -> str:
    """Name a picture as this camera would, without the ending."""
    if camera.style == "dated":
        return f"{camera.stem}{shot.taken:%Y%m%d_%H%M%S}_{shot.number % 1000:03d}"
    return f"{camera.stem}{shot.number:05d}"


def write_jpeg(camera: Camera, shot: Shot, pixels: NDArray[np.uint8]) -> bytes:
    """Develop what the sensor caught into the camera's JPEG, Exif included.

    Shapes: pixels (height, width, 3) as the sensor lies.
    """
    image = Image.fromarray(pixels)
    file = BytesIO()
    image.save(
        file,
        "JPEG",
        quality=camera.quality,
        subsampling=1,
        exif=make_exif(camera, shot, image.size),
    )
    return file.getvalue()


def make_exif(camera: Camera, shot: Shot, size_px: tuple[int, int]) -> Image.Exif:
    """Fill in what the camera knows, through Pillow's Exif writer."""
    exif = Image.Exif()
    stamp = shot.taken.strftime(EXIF_TIME)
    exif[0x010F], exif[0x0110] = camera.maker, camera.model
    exif[0x0112] = 6 if shot.turned else 1
    exif[0x0132] = stamp
    if camera.software:
        exif[0x0131] = camera.software
    details = exif.get_ifd(0x8769)
    details[0x829A], details[0x829D] = IFDRational(1, 125), IFDRational(28, 10)
    details[0x8827] = 100 * (1 + shot.number % 8)
    details[0x9003], details[0x9004] = stamp, stamp
    details[0x920A] = IFDRational(254, 10)
    details[0xA002], details[0xA003] = size_px
    details[0xA431] = camera.body_serial
    optional = {
        0x9011: camera.offset,
        0x9291: f"{shot.number * 37 % 1000:03d}" if camera.has_subsec else None,
        0xA420: f"{shot.number:08x}{shot.taken:%Y%m%d%H%M%S}ab" if camera.has_unique_id else None,
        0xA430: camera.owner,
        0xA434: camera.lens,
        0xA435: camera.lens_serial,
    }
    details.update({tag: value for tag, value in optional.items() if value})
    if shot.place:
        _write_place(exif, camera, shot, shot.place)
    return exif


def _write_place(exif: Image.Exif, camera: Camera, shot: Shot, place: tuple[float, float]) -> None:
    north, east = place
    offset = camera.offset or "+02:00"
    hours = int(offset[:3])
    satellite = shot.taken - timedelta(hours=hours)
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N" if north >= 0 else "S", _degrees(north)
    gps[3], gps[4] = "E" if east >= 0 else "W", _degrees(east)
    gps[5], gps[6] = b"\x00", IFDRational(40 + shot.number % 60, 10)
    gps[7] = tuple(
        IFDRational(part, 1) for part in (satellite.hour, satellite.minute, satellite.second)
    )
    gps[29] = satellite.strftime("%Y:%m:%d")


def _degrees(angle: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    hundredths = round(abs(angle) * 360_000)
    return (
        IFDRational(hundredths // 360_000, 1),
        IFDRational(hundredths // 6_000 % 60, 1),
        IFDRational(hundredths % 6_000, 100),
    )
