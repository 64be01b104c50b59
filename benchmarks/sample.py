"""Collections to measure on: drawn once by ``examples/``, kept for the next run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.turns import ROOT
from examples.collection import SOURCES, draw_collection
from examples.tiny import draw_tiny

SAMPLES = Path(os.environ.get("FIRSTLIGHT_BENCH_SAMPLES", ROOT / "build" / "samples"))
SEED = 7
MIXED_PX = 320
"""Longest side of the cameras' pictures, the same at every size."""


def mixed_files(files: int) -> list[Path]:
    """Give the folders of a sample collection with about this many mixed files.

    Cost: the first time some 25 ms of a core for each file; kept under ``build/samples``.
    """
    folder = SAMPLES / f"mixed-{files}"
    if not (folder / "truth.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        jobs = len(os.sched_getaffinity(0))
        draw_collection(folder, files=files, seed=SEED, picture_px=MIXED_PX, jobs=jobs)
    return [folder / name for name in SOURCES]


def tiny_files(files: int) -> Path:
    """Give a folder with this many small JPEGs, all different.

    Cost: the first time about a millisecond a file; kept under ``build/samples``.
    """
    folder, mark = SAMPLES / f"tiny-{files}", SAMPLES / f"tiny-{files}.drawn"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        draw_tiny(folder, files=files, seed=SEED)
        mark.touch()
    return folder
