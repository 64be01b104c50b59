"""Claim: five codings that the peer never matches are matched every time (within 31 bits)."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.photograph import open_photograph
from benchmarks.turns import PEER_ABSENT, open_peer, print_rows
from PIL import Image

from firstlight.fingerprint.decode import decode_picture
from firstlight.fingerprint.pdq import hash_pixels
from firstlight.match.hamming import distance
from firstlight.model.bounds import Bounds
from firstlight.model.hashlist import DEFAULT_RADIUS_BITS

PHOTOGRAPHS = ("chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
ORIENTATION_TAG, TURN_RIGHT = 0x0112, 6


def _save(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def palette_png(picture: Image.Image) -> bytes:
    """256 chosen colours."""
    return _save(picture.quantize(256), "PNG")


def gif(picture: Image.Image) -> bytes:
    """256 chosen colours, one frame."""
    return _save(picture.quantize(256), "GIF")


def cmyk_jpeg(picture: Image.Image) -> bytes:
    """Four inks."""
    return _save(picture.convert("CMYK"), "JPEG", quality=90)


def sixteen_bit_png(picture: Image.Image) -> bytes:
    """Grey of 16 bits."""
    return _save(Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), "PNG")


def exif_rotated_jpeg(picture: Image.Image) -> bytes:
    """Stored lying on its side, with the orientation that sets it upright."""
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = TURN_RIGHT
    lying = picture.transpose(Image.Transpose.ROTATE_90)
    return _save(lying, "JPEG", quality=90, exif=exif)


CODINGS: tuple[tuple[str, str, Callable[[Image.Image], bytes]], ...] = (
    ("palette PNG", "image/png", palette_png),
    ("GIF", "image/gif", gif),
    ("CMYK JPEG", "image/jpeg", cmyk_jpeg),
    ("16-bit PNG", "image/png", sixteen_bit_png),
    ("Exif-rotated JPEG", "image/jpeg", exif_rotated_jpeg),
)


def _is_match(known: bytes, code: bytes) -> bool:
    return len(code) == len(known) and distance(known, code) <= DEFAULT_RADIUS_BITS


def rows() -> list[dict]:
    """Code each photograph five ways; compare each with the hash of the plain photograph."""
    found = []
    peer = open_peer("peer_pdq.py")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coded"
        pictures = [open_photograph(name) for name in PHOTOGRAPHS]
        known = [hash_pixels(np.asarray(picture), route="strict").code for picture in pictures]
        for label, mime, encode in CODINGS:
            ours, theirs = 0, 0
            for picture, code in zip(pictures, known, strict=True):
                content = encode(picture)
                pixels = decode_picture(content, mime, strict=False, bounds=Bounds()).pixels
                ours += _is_match(code, hash_pixels(pixels, route="grey").code)
                path.write_bytes(content)
                if peer is not None:
                    answer = peer.ask(way="file", path=str(path))
                    theirs += _is_match(code, bytes.fromhex(answer["hash"]))
            found.append(
                {
                    "claim": f"{label}: near-copy found within {DEFAULT_RADIUS_BITS} bits",
                    "ours": f"{ours} of {len(pictures)}",
                    "peer": PEER_ABSENT if peer is None else f"{theirs} of {len(pictures)}",
                    "ratio": None,
                    "bar": None,
                    "agrees": ours == len(pictures),
                    "note": "the bar is all of them; known: the plain photograph's hash, "
                    "equal in both programs; peer: threatexchange PdqSignal",
                }
            )
    if peer is not None:
        peer.close()
    return found


if __name__ == "__main__":
    print_rows(rows())
