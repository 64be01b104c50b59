"""Unlocking a home: what this process was told about its key, and the keys themselves."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from firstlight.config import Settings
from firstlight.model.ports import Sealer, Signer
from firstlight.vault.holder import KeySettings, load_secret, make_secret, save_secret, warnings_of
from firstlight.vault.holder_fact import KEYS_FOLDER, read_facts
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner

PASSPHRASE_VARIABLE = "FIRSTLIGHT_PASSPHRASE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of an unlocked home."""

    secret: HomeSecret
    folder: KeyFolder
    signer: Signer

    @property
    def sealer(self) -> Sealer:
        """Seals and opens."""
        return self.folder


def key_settings(settings: Settings) -> KeySettings:
    """Gather what this process was told about the key; a person is asked on a terminal only."""
    return KeySettings(
        key_file=settings.key_file,
        passphrase_file=settings.passphrase_file,
        passphrase=os.environ.get(PASSPHRASE_VARIABLE) or None,
        key_store=settings.key_store,
        ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
    )


def _ask() -> str:
    from getpass import getpass

    return getpass("passphrase of this home: ")


def make_keys(path: Path, settings: Settings) -> Keys:
    """Make the keys of a home that has none, or take up those that it has."""
    secret = make_secret(path, key_settings(settings))
    return _opened(path, secret)


def load_keys(path: Path, settings: Settings, *, writing: bool) -> Keys:
    """Load the keys of a home.

    Args:
        writing: The writer's lock is held: what a killed rotation or erasure left is completed.

    Raises:
        KeyMissingError: They are not to be had here; says what to do.
        KeyWrongError: A wrong passphrase, or another home's key.
    """
    given = key_settings(settings)
    if read_facts(path) is None and writing:
        # A home of a version that kept no keys: it gets them before it is migrated.
        return make_keys(path, settings)
    secret = load_secret(path, given)
    keys = KeyFolder(path / KEYS_FOLDER, secret)
    if writing:
        secret = keys.finish_rotation(lambda settled: save_secret(path, given, settled))
    keys.check()
    return Keys(secret, keys, HomeSigner(secret))


def key_warnings(path: Path, settings: Settings) -> list[str]:
    """Say what weakens the key of this home."""
    return warnings_of(path, key_settings(settings))


def _opened(path: Path, secret: HomeSecret) -> Keys:
    keys = KeyFolder(path / KEYS_FOLDER, secret)
    keys.create()
    return Keys(secret, keys, HomeSigner(secret))
