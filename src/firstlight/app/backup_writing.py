"""Writing and checking the file of a backup."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from firstlight.app.home_place import STORE_FILE
from firstlight.app.unlocking import Keys
from firstlight.errors import UsageError
from firstlight.guard.custody import write_time
from firstlight.store.copying import copy_store
from firstlight.store.database import TOOL
from firstlight.vault.backup_file import BackupWriter, new_header, read_backup, read_header
from firstlight.vault.durable_file import Step, no_step, sync_folder, translated
from firstlight.vault.holder import SEALED_FILE
from firstlight.vault.holder_fact import HOLDER_FILE, KEYS_FOLDER

HEADS_FOLDER = "custody"
LATER_FOLDERS = (KEYS_FOLDER, "vault")
"""Read after the store: they hold at least what its records speak of."""

COPY_FILE = "store.copying"
BACKUPS_FOLDER = "backups"

Tick = Callable[[int], None]


def write_backup(
    home: Path, keys: Keys, target: Path, tick: Tick | None = None, step: Step = no_step
) -> tuple[int, int, str]:
    """Write and check a backup file; returns files in it, its size and its SHA-256."""
    if os.path.lexists(target):
        raise UsageError("there is a file of this name already", detail=str(target))
    waiting = target.with_name(target.name + ".part")
    try:
        with translated("writing the backup"):
            flags = os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            with open(os.open(waiting, flags, 0o600), "r+b") as file:
                _write(home, keys, file, tick)
                file.flush()
                os.fsync(file.fileno())
                step("backup-written")
                size_bytes = file.tell()
                files, digest = _check(file, keys)
            step("backup-checked")
            os.rename(waiting, target)
            sync_folder(target.parent)
    except BaseException:
        waiting.unlink(missing_ok=True)
        raise
    return files, size_bytes, digest


def _write(home: Path, keys: Keys, file: BinaryIO, tick: Tick | None) -> None:
    sealed = home / KEYS_FOLDER / SEALED_FILE
    header = new_header(
        keys.secret,
        (home / KEYS_FOLDER / HOLDER_FILE).read_bytes(),
        sealed.read_bytes() if sealed.exists() else None,
        write_time(datetime.now(UTC)),
        TOOL,
    )
    writer = BackupWriter(file, header, keys.secret)
    # Heads before the store: a head of events that the copy does not hold would look like a cut.
    _add_all(writer, home, (HEADS_FOLDER,), tick)
    copy = home / f"{COPY_FILE}.{os.getpid()}"
    try:
        copy_store(home / STORE_FILE, copy)
        writer.add(STORE_FILE, copy, tick)
    finally:
        copy.unlink(missing_ok=True)
    _add_all(writer, home, LATER_FOLDERS, tick)
    writer.finish()


def _add_all(writer: BackupWriter, home: Path, parts: tuple[str, ...], tick: Tick | None) -> None:
    for name in _names(home, parts):
        try:
            writer.add(name, home / name, tick)
        except FileNotFoundError:
            continue  # erased while the backup was written


def _names(home: Path, parts: tuple[str, ...]) -> list[str]:
    found = []
    for part in parts:
        for folder, _, names in os.walk(home / part):
            place = Path(folder).relative_to(home)
            found += [str(place / name) for name in names if not name.endswith((".new", ".part"))]
    return sorted(found)


def _check(file: BinaryIO, keys: Keys) -> tuple[int, str]:
    """Read back what was written, from the disk and not from memory."""
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    file.seek(0)
    header, name = read_header(file)
    found = read_backup(file, header, name, keys.secret, lambda _: None)
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return len(found), digest.hexdigest()


def back_up_before_migration(home: Path, keys: Keys) -> Path:
    """Keep the store as it is before it is migrated, sealed, inside the home."""
    folder = home / BACKUPS_FOLDER
    with translated("making the folder of backups"):
        folder.mkdir(mode=0o700, exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / f"before-migration-{moment}.flbackup"
    write_backup(home, keys, target)
    return target
