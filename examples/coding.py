"""The same picture in other codings: a program that reads one of them wrongly misses it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, features

from examples.heic import has_heic_encoder, write_heic


@dataclass(frozen=True, slots=True)
class Coding:
    """One way of writing a picture.

    Args:
        ending: Of the file's name.
        write: From an upright RGB picture to bytes.
        missing: What an encoder lacks here, asked before drawing; None when all is there.
    """

    ending: str
    write: Callable[[Image.Image], bytes]
    missing: Callable[[], str | None] = lambda: None


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _palette_png(image: Image.Image) -> bytes:
    return _saved(image.quantize(256, Image.Quantize.FASTOCTREE), "PNG", compress_level=4)


def _gif(image: Image.Image) -> bytes:
    return _saved(image.quantize(256, Image.Quantize.FASTOCTREE), "GIF")


def _cmyk_jpeg(image: Image.Image) -> bytes:
    return _saved(image.convert("CMYK"), "JPEG", quality=88)


def _grey_16_png(image: Image.Image) -> bytes:
    grey = np.asarray(image.convert("L"), np.uint16) * np.uint16(257)
    return _saved(Image.fromarray(grey), "PNG", compress_level=1)


def _rgb_16_png(image: Image.Image) -> bytes:
    """Write 16 bits a channel; Pillow has no such mode, the format is simple enough."""
    wide = np.asarray(image, np.uint16) * np.uint16(257)
    rows = wide.astype(">u2").reshape(image.height, -1).view(np.uint8)
    filtered = np.concatenate([np.zeros((image.height, 1), np.uint8), rows], axis=1)
    header = struct.pack(">IIBBBBB", image.width, image.height, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(filtered.tobytes(), 1))
        + png_chunk(b"IEND", b"")
    )


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Frame one chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _exif_rotated(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 8
    return _saved(image.transpose(Image.Transpose.ROTATE_270), "JPEG", quality=88, exif=exif)


def _alpha_png(image: Image.Image) -> bytes:
    """Write black under a thin alpha: over white it is the picture, without alpha it is not."""
    rgb = np.asarray(image, np.int32)
    alpha = 255 - rgb.min(axis=2)
    safe = np.maximum(alpha, 1)[..., None]
    colour = np.clip((rgb - 255) * 255 / safe + 255, 0, 255)
    stacked = np.concatenate([colour, alpha[..., None]], axis=2).astype(np.uint8)
    return _saved(Image.fromarray(stacked, "RGBA"), "PNG", compress_level=1)


def _without(name: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        return None if features.check(name) else f"Pillow has no {name} encoder here"

    return missing


def _without_heic() -> str | None:
    return None if has_heic_encoder() else "no HEVC encoder (ffmpeg with libx265) on this machine"


CODINGS: dict[str, Coding] = {
    "palette-png": Coding("png", _palette_png),
    "gif": Coding("gif", _gif),
    "cmyk-jpeg": Coding("jpg", _cmyk_jpeg),
    "16-bit-grey-png": Coding("png", _grey_16_png),
    "16-bit-rgb-png": Coding("png", _rgb_16_png),
    "exif-rotated-jpeg": Coding("jpg", _exif_rotated),
    "alpha-png": Coding("png", _alpha_png),
    "progressive-jpeg": Coding(
        "jpeg", lambda image: _saved(image, "JPEG", quality=85, progressive=True)
    ),
    "webp": Coding(
        "webp", lambda image: _saved(image, "WEBP", quality=82, method=1), _without("webp")
    ),
    "avif": Coding(
        "avif",
        lambda image: _saved(image, "AVIF", quality=70, speed=9, max_threads=1),
        _without("avif"),
    ),
    "tiff": Coding(
        "tif", lambda image: _saved(image, "TIFF", compression="tiff_lzw"), _without("libtiff")
    ),
    "jpeg-2000": Coding(
        "jp2",
        lambda image: _saved(image, "JPEG2000", quality_mode="rates", quality_layers=[12]),
        _without("jpg_2000"),
    ),
    "heic": Coding("heic", write_heic, _without_heic),
}
"""Every coding, by the name it has in the truth."""
