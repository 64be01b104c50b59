"""Claim: a 12 MP JPEG to PDQ, decoding included, at least 15 times faster than threatexchange."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import simplejpeg
from benchmarks.photograph import SIZES, encode_jpeg, make_photograph
from benchmarks.turns import make_row, open_peer, print_rows, take_turns
from numpy.typing import NDArray

from firstlight.fingerprint.pdq import hash_pixels
from firstlight.match.hamming import distance
from firstlight.model.fingerprint import PdqHash

BAR = 15.0
TOLERANCE_BITS = 6
TURNS = 5


def decode_luma(content: bytes) -> NDArray[np.uint8]:
    """Decode the luma at full size, as the default route does.

    Shapes: result (h, w) uint8.
    """
    luma: NDArray[np.uint8] = simplejpeg.decode_jpeg(content, colorspace="GRAY")[:, :, 0]
    return luma


def hash_jpeg(content: bytes) -> PdqHash:
    """Decode and hash by the default route."""
    return hash_pixels(decode_luma(content), route="grey")


def rows() -> list[dict]:
    """Measure three sizes, a decade apart."""
    found = []
    peer = open_peer("peer_pdq.py")
    with tempfile.TemporaryDirectory() as folder:
        for label, (width, height) in SIZES.items():
            content = encode_jpeg(make_photograph(width, height))
            path = Path(folder) / f"{width}.jpg"
            path.write_bytes(content)
            turns = take_turns(
                lambda content=content: hash_jpeg(content),
                peer,
                {"way": "file", "path": str(path)},
                turns=TURNS,
            )
            decoding = take_turns(
                lambda content=content: decode_luma(content), None, {}, turns=TURNS
            )
            bits = (
                0
                if turns.peer is None
                else distance(turns.ours.code, bytes.fromhex(turns.peer["hash"]))
            )
            found.append(
                make_row(
                    f"JPEG to PDQ, {label}",
                    turns,
                    bar=BAR if label == "12 MP" else None,
                    agrees=bits <= TOLERANCE_BITS,
                    note=f"{len(content) / (width * height):.2f} bytes a pixel; peer: "
                    f"threatexchange PdqSignal; {bits} bits apart; of ours, libjpeg-turbo's "
                    f"decoding is {decoding.ours_s * 1e3:.1f} ms",
                )
            )
    if peer is not None:
        peer.close()
    return found


if __name__ == "__main__":
    print_rows(rows())
