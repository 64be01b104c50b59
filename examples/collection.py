"""Draws the sample collection, with its truth: ``python -m examples.collection OUT``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from examples.apart import find_clashes
from examples.clip import put_clips
from examples.coding import CODINGS
from examples.document import put_picture_documents
from examples.lists import write_lists
from examples.making import Made, make_scene
from examples.odd import put_damage, put_documents, put_mislabelled, put_names, put_specials
from examples.packing import put_archives
from examples.plan import ScenePlan, plan_scenes
from examples.shelf import Shelf
from examples.thumbnail import exiftool_command
from examples.tiny import draw_tiny
from examples.truth import NotDrawn, Truth, mark_known

SOURCES = ("laptop", "phone")
ATTEMPTS = 20
"""How often a scene that came out too much like another is drawn anew."""

LARGE_FILES = 5000
"""From here on pictures are drawn smaller, unless the caller says how large."""


def draw_collection(
    out: Path, *, files: int, seed: int, picture_px: int | None = None, jobs: int = 1
) -> Truth:
    """Draw the collection into an empty or new folder, and write its truth beside it.

    Args:
        files: About how many files, archive members included; at least about 200.
        seed: The same seed gives the same bytes, where the encoders are the same.
        picture_px: Longest side of the cameras' pictures.
        jobs: Processes.
    Cost: O(files) while drawing; some 70 ms of a core each at 800 pixels, 25 ms at 320.
    """
    picture_px = picture_px or (800 if files < LARGE_FILES else 320)
    out.mkdir(parents=True, exist_ok=True)
    plans = plan_scenes(files, seed)
    make = partial(make_scene, out=out, picture_px=picture_px)
    with _workers(jobs) as run:
        made = list(run(make, plans))
        for attempt in range(1, ATTEMPTS):
            again = find_clashes([one.seen for one in made])
            if not again:
                break
            redone = run(make, [replace(made[index].plan, attempt=attempt) for index in again])
            for index, one in zip(again, redone, strict=True):
                made[index] = one
    shelf = _odd_files(out, made, files, seed)
    items = [item for one in made for item in one.items] + shelf.items
    lists = write_lists(out, made, items, seed)
    truth = Truth(seed, picture_px, SOURCES, mark_known(items, lists), lists, shelf.not_drawn)
    truth.write(out)
    return truth


@contextmanager
def _workers(
    jobs: int,
) -> Iterator[Callable[[Callable[[ScenePlan], Made], Iterable[ScenePlan]], Iterable[Made]]]:
    """Give a ``map`` that runs here, or in several processes."""
    if jobs <= 1:
        yield map
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield partial(pool.map, chunksize=4)


def _odd_files(out: Path, made: list[Made], files: int, seed: int) -> Shelf:
    rng = np.random.default_rng((seed, 0x0DD))
    originals = [
        one.items[0] for one in made if one.plan.is_present and one.plan.thumbnail == "none"
    ]
    order = rng.permutation(len(originals))
    shelf = Shelf(out, rng, [originals[place] for place in order])
    put_names(shelf)
    put_damage(shelf)
    put_mislabelled(shelf)
    put_documents(shelf)
    put_archives(shelf, max(1, files // 2000))
    put_specials(shelf)
    put_clips(shelf, seed)
    put_picture_documents(shelf)
    if exiftool_command() is None:
        shelf.not_drawn.append(NotDrawn("thumbnails in Exif", "no exiftool here"))
    for name, coding in CODINGS.items():
        if reason := coding.missing():
            shelf.not_drawn.append(NotDrawn(f"coding: {name}", reason))
    return shelf


def main() -> int:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="an empty or new folder")
    parser.add_argument("--files", type=int, default=600, help="about how many (default 600)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--picture-px", type=int, help="longest side of the pictures")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--small-files", action="store_true", help="only many small pictures")
    given = parser.parse_args()
    if given.out.is_dir() and any(given.out.iterdir()):
        print(f"{given.out} is not empty: nothing was drawn", file=sys.stderr)
        return 2
    if given.small_files:
        draw_tiny(given.out, files=given.files, seed=given.seed)
        print(f"{given.files} small pictures in {given.out}")
        return 0
    truth = draw_collection(
        given.out, files=given.files, seed=given.seed, picture_px=given.picture_px, jobs=given.jobs
    )
    print(f"{len(truth.items)} files and archive members in {given.out}")
    for missing in truth.not_drawn:
        print(f"not drawn: {missing.what} ({missing.reason})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
