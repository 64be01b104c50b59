"""The copy of a home's secret that a move left behind, and how it goes."""

from __future__ import annotations

from pathlib import Path

from firstlight.vault.holder import (
    SEALED_FILE,
    KeySettings,
    current_place,
    holder_of,
    is_same_place,
)
from firstlight.vault.holder_fact import KEYS_FOLDER, HolderFacts, Place
from firstlight.vault.holder_kind import FileId, file_id
from firstlight.vault.secret import HomeSecret


def destroy_left(
    home_path: Path, facts: HolderFacts, settings: KeySettings, secret: HomeSecret
) -> bool:
    """Destroy the copy that a move left; never the one that counts, by whatever name.

    What the home's record says is not trusted: the copy that counts is read anew, and has to be
    another file.

    Returns:
        Whether nothing is left to be destroyed.

    Raises:
        KeyMissingError: A holder cannot be reached now; nothing was destroyed.
        StoreError: The copy cannot be destroyed.
    """
    current = current_place(facts, settings)
    if facts.leaving is None or is_same_place(facts.leaving, facts.place):
        return True
    if is_same_place(facts.leaving, current):
        return False
    if holder_of(home_path, facts, current, settings).load() != secret:
        return False
    spared = files_at(home_path, current) | files_at(home_path, facts.place)
    holder_of(home_path, facts, facts.leaving, settings).destroy(spared)
    return True


def files_at(home_path: Path, place: Place) -> set[FileId]:
    """Tell which file holds the secret at a place; none where that is the keyring."""
    path = Path(place.key_file or "") if place.kind == "file" else home_path / KEYS_FOLDER
    found = file_id(path / SEALED_FILE if place.kind == "passphrase" else path)
    return set() if found is None or place.kind == "keyring" else {found}
