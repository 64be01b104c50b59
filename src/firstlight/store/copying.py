"""Copying a store while others write to it.

A copy is locked as long as somebody works with it, so that what a killed process left can be
told from what another one is using.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

from firstlight.errors import StoreError
from firstlight.store.fault import translated

COPY_PREFIX = "store.copying."
_PAGES = 4096
_COMPANIONS = ("-journal", "-wal", "-shm")


@contextmanager
def copied_store(
    source: Path, folder: Path, tick: Callable[[], None] | None = None
) -> Iterator[Path]:
    """Lend a copy of a SQLite store as it stands at one instant, whatever is written meanwhile.

    Args:
        folder: The copy lies there for as long as it is lent, readable by its owner alone.

    Raises:
        StoreError: One of the two cannot be read or written, or the disk is full.
    Source: SQLite's online backup interface.
    """
    target = folder / f"{COPY_PREFIX}{token_hex(8)}"
    descriptor = _made(target)
    try:
        _copy(source, target, tick)
        yield target
    finally:
        _remove(target)
        os.close(descriptor)


def clear_copies(folder: Path) -> None:
    """Remove copies that a killed process left; those in use stay."""
    for path in folder.glob(f"{COPY_PREFIX}*"):
        if path.name.endswith(_COMPANIONS):
            continue
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path)
            finally:
                os.close(descriptor)


def _made(target: Path) -> int:
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(target, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise StoreError(
            f"the store cannot be copied ({error.strerror})", detail=str(target)
        ) from error
    return descriptor


def _remove(path: Path) -> None:
    for name in (path, *(path.with_name(path.name + end) for end in _COMPANIONS)):
        with suppress(OSError):
            name.unlink(missing_ok=True)


def _copy(source: Path, target: Path, tick: Callable[[], None] | None) -> None:
    with translated():
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
