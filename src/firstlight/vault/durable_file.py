"""Small files that must survive a power cut whole, and small files that must be gone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from firstlight.errors import StoreError

Step = Callable[[str], None]
"""Called with the name of each point at which a test may kill the process."""

READ_MAX_BYTES = 1 << 16


def no_step(_name: str) -> None:
    """Do nothing: what passes kill points outside tests."""


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Let no ``OSError`` out; ``what`` names the file's role, never its path."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{what} failed ({error.strerror or type(error).__name__})",
            detail=os.fspath(error.filename) if error.filename is not None else None,
        ) from error


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_small(path: Path) -> bytes:
    """Read a regular file of at most 64 KiB; links are followed, pipes and devices refused.

    Raises:
        OSError: It is not there, not a file, too large, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file", os.fspath(path))
        content = file.read(READ_MAX_BYTES + 1)
    if len(content) > READ_MAX_BYTES:
        raise OSError(0, "too large", os.fspath(path))
    return content


def waiting_name(path: Path) -> Path:
    """Name of the file in which new content waits for its rename."""
    return path.with_name(path.name + ".new")


def replace_file(path: Path, content: bytes, *, is_secret: bool, step: Step = no_step) -> None:
    """Give a file new content: wholly the old or wholly the new, at any instant; mode 0600.

    Args:
        is_secret: Overwrite the old content on the disk once the new one stands.
    """
    waiting = waiting_name(path)
    destroy_file(waiting)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(waiting, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            destroy_file(waiting)
        raise
    step(f"{path.name}:written")
    old = _open_for_scrubbing(path) if is_secret else None
    try:
        os.replace(waiting, path)
        sync_folder(path.parent)
        step(f"{path.name}:renamed")
        if old is not None:
            _scrub(old)
    finally:
        if old is not None:
            os.close(old)


def destroy_file(path: Path, step: Step = no_step) -> None:
    """Overwrite a file with random bytes, cut it to nothing, remove its name; harmless if gone.

    Evidence: A disk that writes elsewhere than asked (flash, copy-on-write, snapshots) may keep
        the old blocks; the docs say what to do there.
    """
    descriptor = _open_for_scrubbing(path)
    if descriptor is not None:
        try:
            _scrub(descriptor)
            step(f"{path.name}:overwritten")
            os.ftruncate(descriptor, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    step(f"{path.name}:unlinked")
    sync_folder(path.parent)


def _open_for_scrubbing(path: Path) -> int | None:
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return descriptor


def _scrub(descriptor: int) -> None:
    size_bytes = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    left = size_bytes
    while left > 0:
        left -= os.write(descriptor, os.urandom(min(left, 1 << 20)))
    os.fsync(descriptor)
