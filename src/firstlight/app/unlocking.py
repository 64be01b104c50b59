"""Unlocking a home: what this process was told about its key, and the keys themselves."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from firstlight.app.asking import asker
from firstlight.config import Settings
from firstlight.model.ports import Sealer, Signer
from firstlight.vault.holder import KeySettings, load_secret, make_secret, warnings_of
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
        ask=asker("passphrase of this home", is_new=False),
    )


def make_keys(path: Path, settings: Settings) -> Keys:
    """Make the keys of a home that has none, or take up those that it has."""
    new = replace(key_settings(settings), ask=asker("new passphrase of this home"))
    secret = make_secret(path, new)
    return _opened(path, secret)


def load_keys(path: Path, settings: Settings, *, is_to_migrate: bool = False) -> Keys:
    """Load the keys of a home.

    Args:
        is_to_migrate: The store is of a version that sealed nothing: a home without keys gets
            them now. A store that is sealed is never given others.

    Raises:
        KeyMissingError: They are not to be had here; says what to do.
        KeyWrongError: A wrong passphrase, or another home's key.
    """
    if is_to_migrate and read_facts(path) is None:
        return make_keys(path, settings)
    secret = load_secret(path, key_settings(settings))
    keys = KeyFolder(path / KEYS_FOLDER, secret)
    keys.check()
    return Keys(secret, keys, HomeSigner(secret))


def key_warnings(path: Path, settings: Settings) -> list[str]:
    """Say what weakens the key of this home."""
    return warnings_of(path, key_settings(settings))


def _opened(path: Path, secret: HomeSecret) -> Keys:
    keys = KeyFolder(path / KEYS_FOLDER, secret)
    keys.create()
    return Keys(secret, keys, HomeSigner(secret))
