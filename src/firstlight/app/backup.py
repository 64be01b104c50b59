"""Backup and restore: one sealed file of a whole home, consistent while work goes on."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from firstlight.app.backup_writing import CHANGED, Check, Tick, Written, write_backup
from firstlight.app.home import Home, open_home
from firstlight.app.home_place import home_path
from firstlight.app.unlocking import key_settings
from firstlight.config import load_settings
from firstlight.errors import BackupDamagedError, HomeBusyError, UsageError
from firstlight.store.retention import erased_case_ids
from firstlight.store.verification import verify_store
from firstlight.vault.backup_file import BackupHeader, read_backup, read_header
from firstlight.vault.durable_file import Step, no_step, sync_folder, translated
from firstlight.vault.holder import SEALED_FILE, load_secret
from firstlight.vault.holder_fact import HOLDER_FILE, KEYS_FOLDER


def back_up(
    home: Home, target: Path, tick: Tick | None = None, step: Step = no_step
) -> dict[str, Any]:
    """Write a backup of a home to a new file, read it back, and record that it was made.

    Others may go on writing: the backup is the home as it stood at one instant.

    Raises:
        UsageError: The file exists, lies inside the home, or its folder is not there.
        HomeBusyError: A case was erased, or the key replaced, in the meantime.
        StoreError: It cannot be written (a full disk, for example); no half backup is left.
        BackupDamagedError: What was read back is not what was written.
    """
    if target.resolve().is_relative_to(home.path.resolve()):
        raise UsageError("a backup inside the home would be lost with it", detail=str(target))
    if not target.parent.is_dir():
        raise UsageError("the folder of the backup is not there", detail=str(target))

    erased = erased_case_ids(home.store)

    def record(written: Written, check: Check) -> None:
        with home.store.transaction() as tx:
            # An erasure begins with its event, and nobody else writes one now: what is erased
            # from here on is erased by somebody who is told of this backup.
            if erased_case_ids(tx) != erased:
                raise HomeBusyError(CHANGED)
            check()
            with tx.event(home.actor, "backed-up", _inputs(written)):
                pass

    written = write_backup(home.path, home.unlocked, target, record, tick=tick, step=step)
    return {"backup": str(target), **_inputs(written)}


def _inputs(written: Written) -> dict[str, Any]:
    return {
        "backup_sha256": written.sha256,
        "files": written.files,
        "size_bytes": written.size_bytes,
    }


def restore(
    home: str | None,
    reason: str | None,
    source: Path,
    *,
    tick: Tick | None = None,
    step: Step = no_step,
    **overrides: Any,
) -> dict[str, Any]:
    """Make a home from a backup; where there is a home already, nothing is touched.

    The restored records are verified against their custody log before the home appears.

    Raises:
        UsageError: There is a home at that place, or the backup cannot be read.
        KeyMissingError: The home's key is not to be had here.
        KeyWrongError: The key is another home's.
        BackupDamagedError: The backup is not as it was written.
        HomeBusyError: Another process restores to this place.
    """
    settings = load_settings(home=home, reason=reason, **overrides)
    path = home_path(settings)
    _refuse_taken(path)
    with _source(source) as file:
        header, name = read_header(file)
        with _place_for(path) as place:
            with translated("restoring the home"):
                _begin_keys(place, header)
                secret = load_secret(place, key_settings(settings))
                step("restore-unlocked")
                files = read_backup(file, header, name, secret, _keeper(place), tick)
            step("restore-unpacked")
            overrides["home"] = str(place)
            _verify(reason, overrides, {"made_at": header.made_at, "files": len(files)})
            step("restore-verified")
            _refuse_taken(path)
            _appear(place, path)
            step("restore-named")
    return {"home": str(path), "files": len(files), "made_at": header.made_at}


def _refuse_taken(path: Path) -> None:
    """Let a home be made where there is nothing, or an empty folder."""
    try:
        is_taken = path.is_symlink() or (path.exists() and any(path.iterdir()))
    except OSError:
        is_taken = True
    if is_taken:
        raise UsageError("there is something at the place of the home already", detail=str(path))


@contextmanager
def _place_for(path: Path) -> Iterator[Path]:
    """Lend an empty folder beside the place of the home; what is left of it goes."""
    place = path.with_name(path.name + ".restoring")
    with translated("restoring the home"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeBusyError("another process is restoring to this place") from error
        try:
            with translated("restoring the home"):
                _empty(place)
                os.fchmod(lock, 0o700)
            yield place
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    finally:
        os.close(lock)


def _empty(folder: Path) -> None:
    """Remove what a killed attempt left; its folder stays, for the lock is on it."""
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _begin_keys(place: Path, header: BackupHeader) -> None:
    """Write what says who holds the key, so that the key can be fetched."""
    keep = _keeper(place)
    with keep(f"{KEYS_FOLDER}/{HOLDER_FILE}") as file:
        file.write(header.holder)
    if header.sealed_secret is not None:
        with keep(f"{KEYS_FOLDER}/{SEALED_FILE}") as file:
            file.write(header.sealed_secret)


def _verify(reason: str | None, overrides: dict[str, Any], inputs: dict[str, Any]) -> None:
    with open_home(reason=reason, writing=True, **overrides) as opened:
        breaks = verify_store(opened.store)
        if breaks:
            raise BackupDamagedError(f"the restored records do not verify: {breaks[0].reason}")
        with opened.store.transaction() as tx, tx.event(opened.actor, "restored", inputs):
            pass


@contextmanager
def _source(path: Path) -> Iterator[BinaryIO]:
    try:
        # A pipe would let the program wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UsageError(
            f"the backup cannot be read ({error.strerror})", detail=str(path)
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError("the backup cannot be read (not a file)", detail=str(path))
    with open(descriptor, "rb") as file:
        yield file


def _keeper(place: Path) -> Callable[[str], BinaryIO]:
    def keep(name: str) -> BinaryIO:
        target = place / name
        _make_folders(place, target.parent)
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        return open(os.open(target, flags, 0o600), "wb")

    return keep


def _make_folders(place: Path, folder: Path) -> None:
    """Make a folder and those above it, each closed to others."""
    if folder != place and not folder.is_dir():
        _make_folders(place, folder.parent)
        folder.mkdir(mode=0o700)


def _appear(place: Path, path: Path) -> None:
    with translated("restoring the home"):
        for folder, _, _ in os.walk(place):
            sync_folder(Path(folder))
        if path.exists():
            path.rmdir()
        os.rename(place, path)
        sync_folder(path.parent)
