"""Makes vectors.json with the ``pdqhash`` package; run where that is installed.

From the checkout, with scikit-image's folder of pictures as the argument:
``.venv-peers/bin/python -m tests.golden.pdq.make_vectors .venv/lib/.../skimage/data``
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
import pdqhash
from tests.golden.pdq.pictures import SEED, load_photographs, make_picture, pixels_of, plan_crops

DIHEDRAL_EVERY = 40


def hexadecimal(vector: np.ndarray) -> str:
    """Write a vector of 256 bits, highest first, as PDQ's usual text."""
    return np.packbits(np.asarray(vector, dtype=np.uint8)).tobytes().hex()


def main() -> None:
    photographs = load_photographs(Path(sys.argv[1]))
    lines, dihedral = [], []
    for number, crop in enumerate(plan_crops(photographs)):
        pixels = pixels_of(make_picture(crop, photographs))
        vector, quality = pdqhash.compute(pixels)
        lines.append(
            json.dumps([crop.photograph, crop.box, crop.size, hexadecimal(vector), int(quality)])
        )
        if number % DIHEDRAL_EVERY == 0:
            vectors, _ = pdqhash.compute_dihedral(pixels)
            dihedral.append(json.dumps([number, [hexadecimal(v) for v in vectors]]))
    head = {
        "made_by": f"pdqhash {importlib.metadata.version('pdqhash')}",
        "pillow": importlib.metadata.version("pillow"),
        "seed": SEED,
        "columns": ["photograph", "crop box", "output size", "hash", "quality"],
    }
    parts = [json.dumps(head)[1:-1], '"vectors": [\n' + ",\n".join(lines) + "\n]"]
    parts.append('"dihedral": [\n' + ",\n".join(dihedral) + "\n]")
    out = Path(__file__).with_name("vectors.json")
    out.write_text("{" + ",\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
