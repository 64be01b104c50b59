"""The key folder of a home: one wrapped key for the home, one for each case."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from firstlight.errors import CaseErasedError, KeyMissingError, KeyWrongError
from firstlight.vault.durable_file import (
    Step,
    destroy_file,
    no_step,
    read_small,
    replace_file,
    sync_folder,
    translated,
    waiting_name,
)
from firstlight.vault.sealing import MasterKey, SealingKey, master_id_of
from firstlight.vault.secret import KEY_SIZE_BYTES, HomeSecret

HOME_KEY = "home.key"
_CASE_KEY = re.compile(r"case-(\d{1,18})\.key")
_CASE_ERASED = re.compile(r"case-(\d{1,18})\.erased")


class KeyFolder:
    """Seals under the keys of one folder (``model.ports.Sealer``).

    Keys are unwrapped when first used and kept until the process ends, so that a seal costs
    one AES-GCM call. A process that has used a case's key holds it after another process
    erased the case; ``has_case`` looks at the disk and lets go of it.
    """

    def __init__(self, folder: Path, secret: HomeSecret, step: Step = no_step) -> None:
        self._folder = folder
        self._step = step
        self._keys: dict[int | None, SealingKey] = {}
        self.take_up(secret)

    @property
    def secret(self) -> HomeSecret:
        """The secret in use; newer than the one given when a rotation ended meanwhile."""
        return self._secret

    def take_up(self, secret: HomeSecret) -> None:
        """Go on under a newer state of the secret."""
        self._secret = secret
        self._masters = [MasterKey(master) for master in (secret.master, *secret.previous)]

    def create(self) -> None:
        """Make the folder and the home's key; a home that has one is checked and left as it is."""
        with translated("writing the key folder"):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder.parent)
            if (self._folder / HOME_KEY).exists():
                self.check()
                return
            self._write_new(HOME_KEY)

    def check(self) -> None:
        """Open the home's key.

        Raises:
            KeyMissingError: The home has no key file.
            KeyWrongError: The secret is not this home's.
            SealBrokenError: The key file was altered.
        """
        self._unwrap(HOME_KEY)

    def seal(self, case_id: int | None, context: bytes, plain: bytes) -> bytes:
        """Seal bytes under a case's key, or the home's."""
        return (self._keys.get(case_id) or self._load(case_id)).seal(context, plain)

    def open(self, case_id: int | None, context: bytes, sealed: bytes) -> bytes:
        """Open what ``seal`` made."""
        return (self._keys.get(case_id) or self._load(case_id)).open(context, sealed)

    def mac(self, case_id: int | None, use: str, value: bytes) -> bytes:
        """Give the keyed hash of a value."""
        return (self._keys.get(case_id) or self._load(case_id)).mac(use, value)

    def add_case(self, case_id: int) -> None:
        """Make a case's key; harmless where there is one."""
        with translated("writing a case's key"):
            if self._erased(case_id).exists():
                _refuse_erased()
            if not self._path(case_id).exists():
                self._write_new(self._path(case_id).name)

    def has_case(self, case_id: int) -> bool:
        """Whether a case's contents can be opened."""
        is_there = self._path(case_id).exists() and not self._erased(case_id).exists()
        if not is_there:
            self._keys.pop(case_id, None)
        return is_there

    def erase_case(self, case_id: int) -> None:
        """Destroy a case's key; from the first write on the case counts as erased."""
        self._keys.pop(case_id, None)
        with translated("destroying a case's key"):
            if not self._erased(case_id).exists():
                replace_file(self._erased(case_id), b"", is_secret=False, step=self._step)
            destroy_file(waiting_name(self._path(case_id)), self._step)
            destroy_file(self._path(case_id), self._step)

    def case_ids(self) -> list[int]:
        """Cases whose key is there, ascending."""
        return live_case_ids(self._folder)

    def erased_case_ids(self) -> list[int]:
        """Cases whose key was destroyed, ascending."""
        return erased_case_ids(self._folder)

    def is_erased_wholly(self, case_id: int) -> bool:
        """Whether the marker of an erasure stands and nothing of the key is left."""
        key = self._path(case_id)
        left = os.path.lexists(key) or os.path.lexists(waiting_name(key))
        return self._erased(case_id).exists() and not left

    def clear_unfinished(self) -> None:
        """Clear away writes that did not end. A marker alone destroys no key: anybody can put one
        there, so an erasure is completed by whoever can see that it is on record.
        """
        with translated("clearing the key folder"):
            for name in sorted(os.listdir(self._folder)):
                if name.endswith(".new"):
                    destroy_file(self._folder / name, self._step)

    def wrapped_with_old(self) -> list[str]:
        """Key files that an older master still wraps."""
        newest = self._masters[0].master_id
        return [name for name in self._key_files() if master_id_of(self._read(name)) != newest]

    def rewrap(self) -> int:
        """Wrap every key file by the newest master; returns how many needed it."""
        names = self.wrapped_with_old()
        for name in names:
            wrapped = self._masters[0].wrap(name, self._unwrap(name))
            with translated("wrapping a key anew"):
                replace_file(self._folder / name, wrapped, is_secret=True, step=self._step)
        return len(names)

    def finish_rotation(self, save: Callable[[HomeSecret], None] | None = None) -> HomeSecret:
        """Complete a rotation that was interrupted; harmless where none was.

        Args:
            save: Stores the secret without its older masters; called only when there were any.

        Returns:
            The secret as it now is.
        """
        self.clear_unfinished()
        if self._secret.previous:
            self.rewrap()
            if save is not None:
                settled = self._secret.settled()
                save(settled)
                self.take_up(settled)
        return self._secret

    def _load(self, case_id: int | None) -> SealingKey:
        if case_id is not None and self._erased(case_id).exists():
            _refuse_erased()
        key = SealingKey(self._unwrap(self._path(case_id).name))
        self._keys[case_id] = key
        return key

    def _unwrap(self, name: str) -> bytes:
        wrapped = self._read(name)
        for master in self._masters:
            if master.master_id == master_id_of(wrapped):
                return master.unwrap(name, wrapped)
        raise KeyWrongError("this key does not open this home: another master key wraps it")

    def _read(self, name: str) -> bytes:
        try:
            return read_small(self._folder / name)
        except FileNotFoundError as error:
            what = "the home's key file" if name == HOME_KEY else "the key file of a case"
            raise KeyMissingError(
                f"{what} is not in the home: restore the folder 'keys' from a backup",
                detail=str(self._folder / name),
            ) from error
        except OSError as error:
            raise KeyMissingError(
                f"a key file of the home cannot be read ({error.strerror})",
                detail=str(self._folder / name),
            ) from error

    def _write_new(self, name: str) -> None:
        wrapped = self._masters[0].wrap(name, os.urandom(KEY_SIZE_BYTES))
        replace_file(self._folder / name, wrapped, is_secret=True, step=self._step)

    def _path(self, case_id: int | None) -> Path:
        return self._folder / (HOME_KEY if case_id is None else f"case-{case_id}.key")

    def _erased(self, case_id: int) -> Path:
        return self._folder / f"case-{case_id}.erased"

    def _key_files(self) -> list[str]:
        return [HOME_KEY, *(self._path(case_id).name for case_id in self.case_ids())]


def live_case_ids(folder: Path) -> list[int]:
    """Cases whose key is in a key folder, ascending; needs no secret."""
    return sorted(_numbered(folder, _CASE_KEY) - _numbered(folder, _CASE_ERASED))


def key_case_ids(folder: Path) -> list[int]:
    """Cases that have a key file, marked as erased or not, ascending; needs no secret."""
    return sorted(_numbered(folder, _CASE_KEY))


def erased_case_ids(folder: Path) -> list[int]:
    """Cases whose key was destroyed, ascending; needs no secret."""
    return sorted(_numbered(folder, _CASE_ERASED))


def _numbered(folder: Path, form: re.Pattern[str]) -> set[int]:
    with translated("reading the key folder"):
        names = os.listdir(folder)
    return {int(found[1]) for name in names if (found := form.fullmatch(name))}


def _refuse_erased() -> NoReturn:
    raise CaseErasedError("the case was erased: its key is destroyed")
