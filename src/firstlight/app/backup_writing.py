"""Writing and checking the file of a backup."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from firstlight.app.home_place import STORE_FILE
from firstlight.app.unlocking import Keys
from firstlight.errors import HomeBusyError, UsageError
from firstlight.guard.custody import write_time
from firstlight.store.copying import clear_copies, copied_store
from firstlight.store.database import TOOL
from firstlight.vault.backup_file import BackupWriter, new_header, read_backup, read_header
from firstlight.vault.durable_file import Step, no_step, sync_folder, translated
from firstlight.vault.holder import SEALED_FILE
from firstlight.vault.holder_fact import HOLDER_FILE, KEYS_FOLDER

HEADS_FOLDER = "custody"
LATER_FOLDERS = (KEYS_FOLDER, "vault")
"""Read after the store: they hold at least what its records speak of."""

BACKUPS_FOLDER = "backups"
_WAITING = ".part"

CHANGED = (
    "a case was erased, or the key was replaced or moved, while the backup was made: make it again"
)

Tick = Callable[[int], None]
Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Written:
    """A backup as it was written and read back.

    Args:
        sha256: Hexadecimal, over the whole file.
    """

    files: int
    size_bytes: int
    sha256: str


def write_backup(
    home: Path,
    keys: Keys,
    target: Path,
    record: Callable[[Written, Check], None],
    *,
    tick: Tick | None = None,
    step: Step = no_step,
) -> Written:
    """Write a backup to a new file, and read it back.

    Args:
        record: Called when it stands on the disk and before it has its name: a backup that
            nobody knows of would be one that nobody destroys. What it is given raises if the
            keys are no longer those of the copy.

    Raises:
        UsageError: There is a file of this name.
        HomeBusyError: A case was erased, or the key replaced or moved, in the meantime.
        StoreError: It cannot be written; no half backup is left.
    """
    with translated("writing the backup"), _waiting_file(target) as file:
        waiting = target.with_name(target.name + _WAITING)
        try:
            before = _key_state(home, keys)
            _write(home, keys, file, tick, step)
            _refuse_changed(home, keys, before)
            file.flush()
            os.fsync(file.fileno())
            step("backup-written")
            written = _check(file, keys)
            step("backup-checked")
            record(written, lambda: _refuse_changed(home, keys, before))
            step("backup-recorded")
            _refuse_taken(target)
            os.rename(waiting, target)
        except BaseException:
            waiting.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        step("backup-named")
    return written


@contextmanager
def _waiting_file(target: Path) -> Iterator[BinaryIO]:
    """Open the file under its waiting name; what a killed backup left there is written over."""
    _refuse_taken(target)
    waiting = target.with_name(target.name + _WAITING)
    flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(waiting, flags, 0o600), "r+b") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.stat(waiting), os.fstat(file.fileno()))
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise HomeBusyError("another process is writing a backup of this name")
        os.fchmod(file.fileno(), 0o600)
        file.truncate(0)
        yield file


def _refuse_taken(target: Path) -> None:
    if os.path.lexists(target):
        raise UsageError("there is a file of this name already", detail=str(target))


def _write(home: Path, keys: Keys, file: BinaryIO, tick: Tick | None, step: Step) -> None:
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
    with copied_store(home / STORE_FILE, home) as copy:
        step("store-copied")
        writer.add(STORE_FILE, copy, tick)
    _add_all(writer, home, LATER_FOLDERS, tick)
    writer.finish()


def _refuse_changed(home: Path, keys: Keys, before: tuple[object, ...]) -> None:
    if _key_state(home, keys) != before:
        raise HomeBusyError(CHANGED)


def _key_state(home: Path, keys: Keys) -> tuple[object, ...]:
    """Give what must stay as it is while a backup is made: else its parts would not fit.

    Raises:
        HomeBusyError: The key is being replaced.
    """
    if keys.folder.wrapped_with_old():
        raise HomeBusyError("the key is being replaced: make the backup again")
    held = []
    for name in (HOLDER_FILE, SEALED_FILE):
        path = home / KEYS_FOLDER / name
        held.append(path.read_bytes() if path.exists() else None)
    return (*held, keys.folder.erased_case_ids())


def _add_all(writer: BackupWriter, home: Path, parts: tuple[str, ...], tick: Tick | None) -> None:
    for name in _names(home, parts):
        try:
            writer.add(name, home / name, tick)
        except FileNotFoundError:
            continue  # erased while the backup was written


def _names(home: Path, parts: tuple[str, ...]) -> list[str]:
    found = []
    for part in parts:
        for folder, inner, names in os.walk(home / part, onerror=_raise):
            inner[:] = [name for name in inner if not name.startswith("removed-")]
            place = Path(folder).relative_to(home)
            found += [str(place / name) for name in names if not name.endswith((".new", _WAITING))]
    return sorted(found)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _check(file: BinaryIO, keys: Keys) -> Written:
    """Read back what was written, from the disk and not from memory."""
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    file.seek(0)
    header, name = read_header(file)
    found = read_backup(file, header, name, keys.secret, lambda _: None)
    size_bytes = file.tell()
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return Written(len(found), size_bytes, digest.hexdigest())


def back_up_before_migration(home: Path, keys: Keys) -> Path:
    """Keep the store as it is before it is migrated, sealed, inside the home."""
    folder = home / BACKUPS_FOLDER
    with translated("making the folder of backups"):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(home)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = folder / f"before-migration-{moment}.flbackup"
    write_backup(home, keys, target, lambda _, __: None)
    return target


def clear_unfinished(home: Path) -> None:
    """Remove what killed backups left in the home; called under the writer's lock."""
    clear_copies(home)
    for path in (home / BACKUPS_FOLDER).glob(f"*{_WAITING}"):
        with translated("clearing an unfinished backup"):
            path.unlink(missing_ok=True)
