"""Claim: the PDQ kernel on a decoded 12 MP picture is at least 100 times faster than pdqhash."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from benchmarks.photograph import SIZES, make_photograph
from benchmarks.turns import make_row, open_peer, print_rows, take_turns

from firstlight.match.hamming import distance
from firstlight.native.pdq import compute_pdq

BAR = 100.0
TOLERANCE_BITS = 2
TURNS = 5


def rows() -> list[dict]:
    """Measure RGB pixels at three sizes, and grey pixels at the largest."""
    found = []
    peer = open_peer("peer_pdq.py")
    with tempfile.TemporaryDirectory() as folder:
        for label, (width, height) in SIZES.items():
            pixels = make_photograph(width, height)
            grey = np.ascontiguousarray(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
            for kind, given in (("RGB", pixels), ("grey", grey)):
                path = Path(folder) / f"{width}-{kind}.npy"
                np.save(path, given if kind == "RGB" else np.repeat(grey[:, :, None], 3, axis=2))
                turns = take_turns(
                    lambda given=given: compute_pdq(given),
                    peer,
                    {"way": "pixels", "path": str(path)},
                    turns=TURNS,
                )
                bits = (
                    0
                    if turns.peer is None
                    else distance(turns.ours.codes[:32], bytes.fromhex(turns.peer["hash"]))
                )
                found.append(
                    make_row(
                        f"PDQ of decoded {kind} pixels, {label}",
                        turns,
                        bar=BAR if label == "12 MP" else None,
                        agrees=bits <= TOLERANCE_BITS,
                        note=f"peer: pdqhash, one variant; ours: all eight; {bits} bits apart",
                    )
                )
    if peer is not None:
        peer.close()
    return found


if __name__ == "__main__":
    print_rows(rows())
