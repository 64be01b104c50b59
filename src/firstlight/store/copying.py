"""Copying a store while others write to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from firstlight.store.fault import translated

_PAGES = 4096


def copy_store(source: Path, target: Path, tick: Callable[[], None] | None = None) -> None:
    """Copy a SQLite store as it stands at one instant, whatever is written meanwhile.

    Args:
        target: Made anew, readable by its owner alone.

    Raises:
        StoreError: One of the two cannot be read or written, or the disk is full.
    Source: SQLite's online backup interface.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    with translated():
        os.close(os.open(target, flags, 0o600))
        place = f"file:{quote(os.fsencode(source))}?mode=ro"
        reading = sqlite3.connect(place, uri=True, timeout=30.0)
        try:
            # Held open, so that a writer's commits do not send the copy back to its start.
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            writing = sqlite3.connect(target)
            try:
                reading.backup(
                    writing, pages=_PAGES, progress=None if tick is None else lambda *_: tick()
                )
                writing.execute("PRAGMA journal_mode = DELETE")
            finally:
                writing.close()
        finally:
            reading.close()
