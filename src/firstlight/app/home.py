"""The home folder: where the records of one unit lie, opened by one writer at a time."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firstlight.config import Settings, load_settings
from firstlight.errors import HomeBusyError, HomeMissingError, StoreError, UsageError
from firstlight.guard.access import current_actor
from firstlight.log import start_log
from firstlight.model.bounds import Bounds
from firstlight.model.event import Actor
from firstlight.store.database import Store, open_store

STORE_FILE = "store.sqlite"
LOCK_FILE = "writer.lock"


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home.

    Args:
        path: The folder.
        settings: Of this process.
        store: Its records.
        actor: Who acts, and why.
    """

    path: Path
    settings: Settings
    store: Store
    actor: Actor

    @property
    def bounds(self) -> Bounds:
        """What one item may cost, from the settings."""
        return bounds_of(self.settings)


def bounds_of(settings: Settings) -> Bounds:
    """Copy the bounds out of the settings (the kernel may not read settings)."""
    names = Bounds.__dataclass_fields__
    return Bounds(**{name: getattr(settings, name) for name in names})


def home_path(settings: Settings) -> Path:
    """Return the home folder: as set, else the platform's own user-data folder."""
    if settings.home:
        return Path(os.path.abspath(settings.home))
    from platformdirs import user_data_path

    return user_data_path("firstlight")


def init_home(home: str | None, reason: str | None) -> tuple[Path, bool]:
    """Make a home folder, or leave the one that is there as it is.

    Returns:
        The folder, and whether it was made now.

    Raises:
        UsageError: The folder cannot be made.
    """
    settings = load_settings(home=home, reason=reason)
    path = home_path(settings)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) & 0o077 and not (path / STORE_FILE).exists():
            path.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the home folder cannot be made ({error.strerror})", detail=str(path)
        ) from error
    with _writer_lock(path):
        if (path / STORE_FILE).exists():
            open_store(path / STORE_FILE).close()
            return path, False
        with (
            open_store(path / STORE_FILE, create=True) as store,
            store.transaction() as transaction,
            transaction.event(
                current_actor(settings.reason), "initialised", {"profile": "hash-only"}
            ),
        ):
            pass
    return path, True


@contextmanager
def open_home(
    home: str | None, reason: str | None, *, writing: bool, **overrides: object
) -> Iterator[Home]:
    """Open a home for one command.

    Args:
        writing: Take the writer's lock; reading needs none.
        overrides: Settings given on the command line.

    Raises:
        HomeMissingError: Nothing was initialised there.
        HomeBusyError: Another process is writing.
    """
    settings = load_settings(home=home, reason=reason, **overrides)
    start_log(settings.log_level)
    path = home_path(settings)
    if not (path / STORE_FILE).is_file():
        raise HomeMissingError(
            "no home here: run `firstlight init` first, or name one with --home", detail=str(path)
        )
    if writing:
        with _writer_lock(path):
            yield from _opened(path, settings, writing=True)
    else:
        yield from _opened(path, settings, writing=False)


def _opened(path: Path, settings: Settings, *, writing: bool) -> Iterator[Home]:
    store = open_store(path / STORE_FILE, read_only=not writing)
    try:
        yield Home(path, settings, store, current_actor(settings.reason))
    finally:
        store.close()


@contextmanager
def _writer_lock(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"the home folder cannot be written ({error.strerror})", detail=str(path)
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeBusyError("another process is writing to this home; try again") from error
        yield
    finally:
        os.close(descriptor)
