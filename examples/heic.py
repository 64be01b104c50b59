"""HEIC where ffmpeg has an HEVC encoder: one coded picture in the boxes of ISO 23008-12."""

from __future__ import annotations

import shutil
import struct
import subprocess
from functools import lru_cache

from PIL import Image

VPS, SPS, PPS = 32, 33, 34
ENCODER_LIMIT_S = 60


@lru_cache(maxsize=1)
def has_heic_encoder() -> bool:
    """Say whether this machine can encode HEVC."""
    if shutil.which("ffmpeg") is None:
        return False
    listed = subprocess.run(
        ["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, check=False
    )
    return b"libx265" in listed.stdout


def write_heic(image: Image.Image) -> bytes:
    """Write a picture as HEIC, with the Exif block that the picture carries, if any."""
    even = image.crop((0, 0, image.width // 8 * 8, image.height // 8 * 8))
    units = _units(_encode(even))
    parameters = [unit for unit in units if _kind(unit) in (VPS, SPS, PPS)]
    coded = b"".join(struct.pack(">I", len(unit)) + unit for unit in units if _kind(unit) < VPS)
    block = image.getexif().tobytes() if len(image.getexif()) else b""
    exif = struct.pack(">I", 6) + block if block else b""
    return _boxes(even.size, parameters, coded, exif)


def _encode(image: Image.Image) -> bytes:
    command = [
        "ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{image.width}x{image.height}", "-i", "pipe:0", "-frames:v", "1",
        "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
        "-x265-params", "log-level=none:info=0:pools=none:frame-threads=1:crf=22",
        "-f", "hevc", "pipe:1",
    ]  # fmt: skip
    done = subprocess.run(
        command, input=image.tobytes(), capture_output=True, check=True, timeout=ENCODER_LIMIT_S
    )
    return done.stdout


def _units(stream: bytes) -> list[bytes]:
    pieces = stream.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [piece for piece in pieces if piece]


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 0x3F


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def _full(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *parts)


def _configuration(parameters: list[bytes]) -> bytes:
    sps = next(unit for unit in parameters if _kind(unit) == SPS)
    # After the unit's header and one byte of ids come the twelve bytes of profile and level.
    level = sps.replace(b"\x00\x00\x03", b"\x00\x00")[3:15]
    arrays = b"".join(
        struct.pack(">BHH", 0x80 | _kind(unit), 1, len(unit)) + unit for unit in parameters
    )
    head = b"\x01" + level + struct.pack(">HBBBBHB", 0xF000, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0x0F)
    return _box(b"hvcC", head, bytes([len(parameters)]), arrays)


def _meta(size: tuple[int, int], parameters: list[bytes], spans: list[tuple[int, int]]) -> bytes:
    names = [b"hvc1", b"Exif"][: len(spans)]
    entries = b"".join(
        _full(b"infe", 2, int(number > 1), struct.pack(">HH", number, 0), name, b"\x00")
        for number, name in enumerate(names, 1)
    )
    places = b"".join(
        struct.pack(">HHHII", number, 0, 1, start, length)
        for number, (start, length) in enumerate(spans, 1)
    )
    properties = _box(
        b"iprp",
        _box(b"ipco", _configuration(parameters), _full(b"ispe", 0, 0, struct.pack(">II", *size))),
        _full(b"ipma", 0, 0, struct.pack(">IHBBB", 1, 1, 2, 0x81, 2)),
    )
    described = _full(b"iref", 0, 0, _box(b"cdsc", struct.pack(">HHH", 2, 1, 1)))
    return _full(
        b"meta", 0, 0,
        _full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        _full(b"pitm", 0, 0, struct.pack(">H", 1)),
        _full(b"iloc", 0, 0, b"\x44\x00", struct.pack(">H", len(spans)), places),
        _full(b"iinf", 0, 0, struct.pack(">H", len(names)), entries),
        described if len(spans) > 1 else b"",
        properties,
    )  # fmt: skip


def _boxes(size: tuple[int, int], parameters: list[bytes], coded: bytes, exif: bytes) -> bytes:
    head = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    contents = [part for part in (coded, exif) if part]
    start = len(head) + len(_meta(size, parameters, [(0, 0)] * len(contents))) + 8
    spans = []
    for part in contents:
        spans.append((start, len(part)))
        start += len(part)
    return head + _meta(size, parameters, spans) + _box(b"mdat", *contents)
