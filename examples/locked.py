"""Makes locked archives with drawn pictures in them: ``python -m examples.locked OUT``.

The folder gets ``old-lock.zip`` (ZipCrypto), ``aes.zip`` (WinZip's AES-256), ``locked.7z`` (names
locked as well), ``plain.7z``, and ``passwords.txt``, the list that opens them.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import io
import os
import random
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from PIL import Image, ImageDraw

PASSWORDS = ("lighthouse", "correct horse", "gr\u00fcner Hafen")
Files = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class ZipLocking:
    """How the members of a ZIP are locked.

    Args:
        aes_bits: 128, 192 or 256 for WinZip's AES, 0 for the old lock.
        aes_version: 1 keeps the checksum, 2 leaves it out.
        is_stored: Not compressed.
        is_size_behind: Sizes stand behind the content too, and the time of day checks the password.
    """

    password: bytes
    aes_bits: int = 0
    aes_version: int = 2
    is_stored: bool = False
    is_size_behind: bool = False


def lock_old(packed: bytes, password: bytes, check: int, seed: int = 0) -> bytes:
    """Lock bytes with ZIP's old lock, lead included."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def stir(byte: int) -> None:
        keys[0] = _crc_step(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc_step(keys[2], keys[1] >> 24)

    for byte in password:
        stir(byte)
    locked = bytearray()
    for byte in random.Random(seed).randbytes(11) + bytes([check]) + packed:
        mixed = keys[2] & 0xFFFF | 2
        locked.append(byte ^ (mixed * (mixed ^ 1) >> 8 & 0xFF))
        stir(byte)
    return bytes(locked)


def _crc_step(word: int, byte: int) -> int:
    return zlib.crc32(bytes([byte]), word ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def lock_aes(packed: bytes, password: bytes, bits: int, salt: bytes) -> bytes:
    """Lock bytes as WinZip does: salt, check, content, seal."""
    width = bits // 8
    keys = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 2 * width + 2)
    engine = Cipher(algorithms.AES(keys[:width]), modes.ECB()).encryptor()  # noqa: S305
    count = -(-len(packed) // 16)
    stream = engine.update(b"".join(n.to_bytes(16, "little") for n in range(1, count + 1)))
    content = bytes(a ^ b for a, b in zip(packed, stream, strict=False))
    seal = hmac.new(keys[width : 2 * width], content, "sha1").digest()[:10]
    return salt + keys[2 * width :] + content + seal


def make_locked_zip(files: Files, locking: ZipLocking) -> bytes:
    """Make a ZIP of which every member is locked; the same input gives the same bytes."""
    body, directory = bytearray(), bytearray()
    for number, (name, content) in enumerate(files):
        record = _entry(name.encode(), content, locking, number)
        local, central = record
        directory += central[:42] + struct.pack("<I", len(body)) + central[46:]
        body += local
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, len(files), len(files), len(directory), len(body), 0
    )
    return bytes(body + directory + end)


def _entry(name: bytes, content: bytes, locking: ZipLocking, number: int) -> tuple[bytes, bytes]:
    packed = content
    if not locking.is_stored:
        engine = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = engine.compress(content) + engine.flush()
    method = 0 if locking.is_stored else 8
    flags = 1 | 0x800 | (8 if locking.is_size_behind else 0)
    checksum, clock, extra = zlib.crc32(content), 0x6C32, b""
    if locking.aes_bits:
        strength = locking.aes_bits // 64 - 1
        salt = random.Random(number).randbytes(locking.aes_bits // 16)
        packed = lock_aes(packed, locking.password, locking.aes_bits, salt)
        extra = struct.pack("<HHH2sBH", 0x9901, 7, locking.aes_version, b"AE", strength, method)
        method = 99
        checksum = checksum if locking.aes_version == 1 else 0
    else:
        check = clock >> 8 if locking.is_size_behind else checksum >> 24
        packed = lock_old(packed, locking.password, check, number)
    numbers = (51, flags, method, clock, 0x5921, checksum, len(packed), len(content))
    sizes = (len(name), len(extra))
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", *numbers, *sizes) + name + extra + packed
    if locking.is_size_behind:
        local += struct.pack("<4s3I", b"PK\x07\x08", checksum, len(packed), len(content))
    central = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 51, *numbers, *sizes, 0, 0, 0, 0, 0)
    return local, central + name + extra


def make_7z(
    files: Files,
    password: str | None = None,
    *,
    filters: list[dict[str, int]] | None = None,
    is_header_locked: bool = False,
) -> bytes:
    """Make a 7z archive with py7zr; all members share one compressed stream."""
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(
        buffer, "w", filters=filters, password=password, header_encryption=is_header_locked
    ) as archive:
        for name, content in files:
            archive.writef(io.BytesIO(content), name)
    return buffer.getvalue()


def draw_harbour(seed: int) -> bytes:
    """Draw a harbour at some time of day, as JPEG."""
    rng = random.Random(seed)
    picture = Image.new("RGB", (480, 320), (90 + rng.randrange(90), 140, 190))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 210, 480, 320), fill=(30, 70 + rng.randrange(50), 120))
    for _ in range(7):
        left, top = rng.randrange(430), 190 + rng.randrange(90)
        pen.polygon([(left, top), (left + 60, top), (left + 48, top + 18), (left + 12, top + 18)],
                    fill=tuple(rng.randrange(256) for _ in range(3)))  # fmt: skip
        pen.line((left + 30, top, left + 30, top - 50), fill=(60, 40, 20), width=3)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def write_locked(out: Path, seed: int = 1) -> None:
    """Write the sample archives and the list of passwords into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = [(f"harbour-{n}.jpg", draw_harbour(seed + n)) for n in range(8)]
    first, second, third = PASSWORDS
    old = ZipLocking(first.encode())
    aes = ZipLocking(second.encode(), aes_bits=256)
    (out / "old-lock.zip").write_bytes(make_locked_zip(pictures[:2], old))
    (out / "aes.zip").write_bytes(make_locked_zip(pictures[2:4], aes))
    (out / "locked.7z").write_bytes(make_7z(pictures[4:6], third, is_header_locked=True))
    (out / "plain.7z").write_bytes(make_7z(pictures[6:8]))
    (out / "passwords.txt").write_text("\n".join(("not this one", *PASSWORDS)) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    write_locked(parser.parse_args(arguments).out)
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
