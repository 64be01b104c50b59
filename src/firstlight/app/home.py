"""The home folder: where the records of one unit lie, opened by one writer at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from firstlight.app.backup_writing import back_up_before_migration, clear_unfinished
from firstlight.app.erasing import finish_erasures, refuse_stray_markers
from firstlight.app.heads import check_head, custody_folder, home_keys, origin_of, sign_head
from firstlight.app.home_place import LOCK_FILE, STORE_FILE, home_path
from firstlight.app.key import settle_keys
from firstlight.app.told import tell
from firstlight.app.unlocking import Keys, key_warnings, load_keys, make_keys
from firstlight.config import Settings, load_settings
from firstlight.errors import (
    HomeBusyError,
    HomeMissingError,
    KeyMissingError,
    StoreError,
    UsageError,
)
from firstlight.guard.access import current_actor
from firstlight.log import start_log
from firstlight.model.bounds import Bounds
from firstlight.model.event import Actor
from firstlight.model.ports import Sealer, Signer
from firstlight.model.profile import Profile
from firstlight.store.database import Store, is_sealing, open_store
from firstlight.store.migration import REVISIONS, Undo
from firstlight.vault.durable_file import sync_folder, translated

LOCK_WAIT_S, LOCK_POLL_S = 1.0, 0.02


@dataclass(frozen=True, slots=True)
class Home:
    """An opened home.

    Args:
        path: The folder.
        settings: Of this process.
        store: Its records.
        actor: Who acts, and why.
        keys: None where the command needs none (``verify``).
    """

    path: Path
    settings: Settings
    store: Store
    actor: Actor
    keys: Keys | None = None

    @property
    def bounds(self) -> Bounds:
        """What one item may cost, from the settings."""
        return bounds_of(self.settings)

    @property
    def sealer(self) -> Sealer:
        """Seals and opens contents."""
        return self.unlocked.sealer

    @property
    def signer(self) -> Signer:
        """Signs the heads of the log."""
        return self.unlocked.signer

    @property
    def unlocked(self) -> Keys:
        """The keys.

        Raises:
            KeyMissingError: The home was opened without them.
        """
        if self.keys is None:
            raise KeyMissingError("this home was opened without its keys")
        return self.keys


def bounds_of(settings: Settings) -> Bounds:
    """Copy the bounds out of the settings (the kernel may not read settings)."""
    names = Bounds.__dataclass_fields__
    return Bounds(**{name: getattr(settings, name) for name in names})


def init_home(
    home: str | None, reason: str | None, *, profile: Profile | None = None, **overrides: object
) -> tuple[Path, bool]:
    """Make a home folder, or leave the one that is there as it is.

    Args:
        profile: What may be kept; hash-only by default.
        overrides: Settings given on the command line (where the key goes).

    Returns:
        The folder, and whether it was made now.

    Raises:
        UsageError: The folder cannot be made.
    """
    settings = load_settings(home=home, reason=reason, **overrides)
    path = home_path(settings)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) & 0o077 and not (path / STORE_FILE).exists():
            path.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the home folder cannot be made ({error.strerror})", detail=str(path)
        ) from error
    with writer_lock(path):
        if (path / STORE_FILE).exists():
            with _opened_alone(path, settings):
                return path, False
        keys = make_keys(path, settings)
        actor = current_actor(settings.reason)
        _make_store(path, keys, actor, profile or Profile())
        with open_store(path / STORE_FILE, sealer=keys.sealer) as store:
            sign_head(store, keys.signer, custody_folder(path), origin_of(keys.secret.secret_id))
    return path, True


def _make_store(path: Path, keys: Keys, actor: Actor, profile: Profile) -> None:
    """Make the store under another name: what is killed leaves no store that is half made."""
    new = path / f"{STORE_FILE}.new"
    with translated("making the store"):
        for left in path.glob(f"{new.name}*"):
            left.unlink()
    with (
        open_store(new, create=True, sealer=keys.sealer) as store,
        store.transaction() as tx,
        tx.event(actor, "initialised", {"revision": REVISIONS[-1]}) as event,
    ):
        event.add("home_profile", profile.row())
    with translated("making the store"):
        new.rename(path / STORE_FILE)
        sync_folder(path)


@contextmanager
def open_home(
    home: str | None,
    reason: str | None,
    *,
    writing: bool,
    is_locked: bool = False,
    is_shared: bool = False,
    **overrides: object,
) -> Iterator[Home]:
    """Open a home for one command; the head of its log is signed when a writing one ends.

    Args:
        writing: Take the writer's lock; reading needs none.
        is_locked: Leave the keys where they are: the command opens no contents.
        is_shared: A writing command that runs beside others: it holds the writer's lock at its
            beginning and end alone, and where another one holds it, leaves to that one what
            the lock is for (to complete what was left undone, to sign the head).
        overrides: Settings given on the command line.

    Raises:
        HomeMissingError: Nothing was initialised there.
        HomeBusyError: Another process is writing.
        KeyMissingError: The home's key is not to be had here.
    """
    settings = load_settings(home=home, reason=reason, **overrides)
    start_log(settings.log_level)
    path = home_path(settings)
    if not (path / STORE_FILE).is_file():
        raise HomeMissingError(
            "no home here: run `firstlight init` first, or name one with --home", detail=str(path)
        )
    if writing and is_shared:
        with _opened_beside(path, settings) as opened:
            yield opened
    elif writing:
        with writer_lock(path), _opened_alone(path, settings) as opened:
            yield opened
    else:
        with _opened(path, settings, writing=False, is_locked=is_locked) as opened:
            yield opened


@contextmanager
def _opened_alone(path: Path, settings: Settings) -> Iterator[Home]:
    """Open for writing under the writer's lock, and sign when it ends."""
    with _opened(path, settings, writing=True, is_alone=True) as home:
        try:
            yield home
        finally:
            _sign(home)


@contextmanager
def _opened_beside(path: Path, settings: Settings) -> Iterator[Home]:
    """Open for writing beside others: alone only to begin and to sign, and if that can be."""
    with ExitStack() as lock:
        try:
            lock.enter_context(writer_lock(path))
            is_alone = True
        except HomeBusyError:
            is_alone = False
        with _opened(path, settings, writing=True, is_alone=is_alone) as home:
            lock.close()
            try:
                yield home
            finally:
                with suppress(HomeBusyError), writer_lock(path):
                    # Else it would sign by a key that has a successor since it was loaded.
                    if home_keys(path)[1][-1].key == home.signer.public_key:
                        _sign(home)


@contextmanager
def _opened(
    path: Path,
    settings: Settings,
    *,
    writing: bool,
    is_locked: bool = False,
    is_alone: bool = False,
) -> Iterator[Home]:
    """Open a home; alone, also complete what a killed command left undone."""
    if is_alone:
        clear_unfinished(path)
    is_to_migrate = is_alone and not is_sealing(path / STORE_FILE)
    keys = None if is_locked else load_keys(path, settings, is_to_migrate=is_to_migrate)
    for warning in key_warnings(path, settings):
        tell(warning)
    store = open_store(
        path / STORE_FILE,
        read_only=not writing,
        sealer=None if keys is None else keys.sealer,
        before_migration=None if keys is None else partial(_keep_old, path, keys),
    )
    try:
        home = Home(path, settings, store, current_actor(settings.reason), keys)
        if keys is not None:
            refuse_stray_markers(home)
        if is_alone:
            unsigned = check_head(store, custody_folder(path))
            if unsigned:
                tell(f"custody: no signed head covers the last {unsigned} events yet")
            finish_erasures(home)
            settle_keys(home)
        yield home
    finally:
        store.close()


def _keep_old(path: Path, keys: Keys) -> Undo:
    backup = back_up_before_migration(path, keys)
    tell("the store is of an older version: a backup of it was made before it is brought up")
    return partial(backup.unlink, missing_ok=True)


def _sign(home: Home) -> None:
    """Sign the log's head, also where the command failed: what it wrote stays."""
    origin = origin_of(home.unlocked.secret.secret_id)
    head = sign_head(home.store, home.signer, custody_folder(home.path), origin)
    if head is not None:
        tell(f"custody: {head.head.size} events, head {head.head.chain.hex()[:16]} signed")


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"the home folder cannot be written ({error.strerror})", detail=str(path)
        ) from error
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Take the lock; wait a moment, for a backup holds it only to begin and to sign."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise HomeBusyError("another process is writing to this home; try again") from error
            time.sleep(LOCK_POLL_S)
        else:
            return
