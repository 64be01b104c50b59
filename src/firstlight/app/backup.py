"""Backup and restore: one sealed file of a whole home, consistent while work goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from firstlight.app.backup_writing import Tick, write_backup
from firstlight.app.home import Home, open_home
from firstlight.app.home_place import home_path
from firstlight.app.unlocking import key_settings
from firstlight.config import load_settings
from firstlight.errors import BackupDamagedError, UsageError
from firstlight.store.verification import verify_store
from firstlight.vault.backup_file import read_backup, read_header
from firstlight.vault.durable_file import Step, no_step, sync_folder, translated
from firstlight.vault.holder import SEALED_FILE, load_secret
from firstlight.vault.holder_fact import HOLDER_FILE, KEYS_FOLDER


def back_up(home: Home, target: Path, tick: Tick | None = None) -> dict[str, Any]:
    """Write a backup of a home to a new file, read it back, and record that it was made.

    Others may go on writing: the backup is the home as it stood at one instant.

    Raises:
        UsageError: The file exists, or lies inside the home.
        StoreError: It cannot be written (a full disk, for example); no half backup is left.
        BackupDamagedError: What was read back is not what was written.
    """
    if target.resolve().is_relative_to(home.path.resolve()):
        raise UsageError("a backup inside the home would be lost with it", detail=str(target))
    files, size_bytes, digest = write_backup(home.path, home.unlocked, target, tick)
    inputs = {"backup_sha256": digest, "files": files, "size_bytes": size_bytes}
    with home.store.transaction() as tx, tx.event(home.actor, "backed-up", inputs):
        pass
    return {"backup": str(target), **inputs}


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
    """
    settings = load_settings(home=home, reason=reason, **overrides)
    path = home_path(settings)
    if path.exists() and any(path.iterdir()):
        raise UsageError("there is something at the place of the home already", detail=str(path))
    with translated("restoring the home"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = path.with_name(path.name + ".restoring")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
    try:
        with translated("restoring the home"), _source(source) as file:
            header, name = read_header(file)
            keys_folder = place / KEYS_FOLDER
            keys_folder.mkdir(mode=0o700)
            (keys_folder / HOLDER_FILE).write_bytes(header.holder)
            if header.sealed_secret is not None:
                (keys_folder / SEALED_FILE).write_bytes(header.sealed_secret)
            secret = load_secret(place, key_settings(settings))
            step("restore-unlocked")
            files = read_backup(file, header, name, secret, _keeper(place), tick)
        with open_home(str(place), reason, writing=True, **overrides) as opened:
            breaks = verify_store(opened.store)
            if breaks:
                raise BackupDamagedError(f"the restored records do not verify: {breaks[0].reason}")
            inputs = {"made_at": header.made_at, "files": len(files)}
            with opened.store.transaction() as tx, tx.event(opened.actor, "restored", inputs):
                pass
        step("restore-verified")
        _appear(place, path)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return {"home": str(path), "files": len(files), "made_at": header.made_at}


@contextmanager
def _source(path: Path) -> Iterator[BinaryIO]:
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(
            f"the backup cannot be read ({error.strerror})", detail=str(path)
        ) from error
    with file:
        yield file


def _keeper(place: Path) -> Callable[[str], BinaryIO]:
    def keep(name: str) -> BinaryIO:
        target = place / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        return open(os.open(target, flags, 0o600), "wb")

    return keep


def _appear(place: Path, path: Path) -> None:
    with translated("restoring the home"):
        for folder, _, _ in os.walk(place):
            sync_folder(Path(folder))
        if path.exists():
            path.rmdir()
        os.rename(place, path)
        sync_folder(path.parent)
