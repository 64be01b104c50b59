"""What the makers of odd files share: where to put them, and pictures to make them from."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from examples.camera import read_cameras
from examples.making import write_item
from examples.truth import Item, NotDrawn, digests_of

PUT_AT = 1_767_225_600
"""Time of change of odd files: the first instant of 2026, UTC."""


@dataclass(slots=True)
class Shelf:
    """Files made so far, and originals to make others from.

    Args:
        originals: Pictures that lie in the collection, in the order they are taken.
    """

    out: Path
    rng: np.random.Generator
    originals: list[Item]
    items: list[Item] = field(default_factory=list)
    not_drawn: list[NotDrawn] = field(default_factory=list)
    taken: int = 0

    def take(self, source: str) -> tuple[Item, bytes]:
        """Return the next original that may lie in a source, and its bytes.

        A camera that lives in one source stays there, so that only the cameras meant to tie
        the sources together do. After the last original the first comes again.
        """
        while True:
            item = self.originals[self.taken % len(self.originals)]
            self.taken += 1
            if item.camera is None or source in read_cameras()[item.camera].home:
                break
        with open(os.path.join(os.fsencode(self.out), item.path), "rb") as file:
            return item, file.read()

    def put(self, item: Item, content: bytes) -> None:
        """Write a file into the collection; a name the disk refuses is noted instead."""
        try:
            self.items.append(write_item(self.out, item, content, changed_at=PUT_AT))
        except OSError as error:
            self.not_drawn.append(NotDrawn(item.label, f"the disk refused the name: {error.errno}"))

    def note_member(self, item: Item, content: bytes) -> None:
        """Note a member of an archive that has been packed by its maker."""
        self.items.append(replace(item, digests=digests_of(content), size_bytes=len(content)))


def same_picture(original: Item, path: bytes, kind: str, variant: str = "") -> Item:
    """Describe another file with an original's exact bytes."""
    return replace(
        original, path=path, source=path.split(b"/", 1)[0].decode(), kind=kind, variant=variant,
        original=original.path, burst=None,
    )  # fmt: skip
