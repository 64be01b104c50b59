"""Runs inside the peers' environment: hashes what it is told to, and says what it cost.

One request a line on standard input, ``{"way": ..., "path": ...}``; one answer a line,
``{"hash": ..., "quality": ..., "cpu_s": ...}``. Reading the file is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from functools import lru_cache
from pathlib import Path

import numpy as np
import pdqhash
from threatexchange.signal_type.pdq.signal import PdqSignal


@lru_cache(maxsize=1)
def load(path: str) -> np.ndarray:
    """Load decoded pixels."""
    return np.load(path)


def hash_pixels(path: str) -> dict[str, object]:
    """Hash decoded pixels with pdqhash."""
    pixels = load(path)
    started_s = time.process_time()
    vector, quality = pdqhash.compute(pixels)
    cpu_s = time.process_time() - started_s
    text = np.packbits(np.asarray(vector, dtype=np.uint8)).tobytes().hex()
    return {"hash": text, "quality": int(quality), "cpu_s": cpu_s}


def hash_file(path: str) -> dict[str, object]:
    """Hash a file's bytes with the threatexchange package."""
    content = Path(path).read_bytes()
    started_s = time.process_time()
    text = PdqSignal.hash_from_bytes(content)
    return {"hash": text, "quality": None, "cpu_s": time.process_time() - started_s}


WAYS = {"pixels": hash_pixels, "file": hash_file}

if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = WAYS[request["way"]](request["path"])
        except Exception as error:  # noqa: BLE001 - a peer's refusal is its answer
            answer = {"hash": "", "quality": None, "cpu_s": 0.0, "error": type(error).__name__}
        print(json.dumps(answer), flush=True)
