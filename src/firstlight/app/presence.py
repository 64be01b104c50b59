"""Compares the key folder and the vault with the store: what must be there is, and nothing more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from firstlight.app.erasing import VAULT_FOLDER, stray_markers
from firstlight.errors import FirstlightError
from firstlight.model.event import Break
from firstlight.store.presence import kept_places, living_cases
from firstlight.vault.blob_presence import BlobPresence
from firstlight.vault.holder_fact import KEYS_FOLDER
from firstlight.vault.key_folder import HOME_KEY, key_case_ids

if TYPE_CHECKING:
    from firstlight.app.home import Home

KEYS_ALTERED: Final = "keys-altered"
KEY_MISSING: Final = "key-missing-file"
KEPT_MISSING: Final = "kept-missing"


def presence_breaks(home: Home) -> list[Break]:
    """Say which keys and kept contents are missing, and what stands among the keys unrecorded.

    Needs no key: files are looked at, not opened.

    Cost: One pass over the records of what is kept, and a look at each file of its own.
    Evidence: That a file is there and long enough says nothing of its content; reading it does.
    """
    return [*_key_breaks(home), *_kept_breaks(home)]


def _key_breaks(home: Home) -> list[Break]:
    found = []
    try:
        found += [
            Break(None, KEYS_ALTERED, f"case {case_id} is marked as erased, and no event erased it")
            for case_id in stray_markers(home)
        ]
        if not (home.path / KEYS_FOLDER / HOME_KEY).is_file():
            found.append(Break(None, KEY_MISSING, "the home's key file is missing"))
        missing = _without_key(home)
        if missing:
            # A case may have been opened or erased since the folder was read.
            again = _without_key(home)
            found += [
                Break(event_seq, KEY_MISSING, f"the key file of case {case_id} is missing")
                for case_id, event_seq in missing.items()
                if case_id in again
            ]
    except FirstlightError as error:
        found.append(Break(None, KEY_MISSING, f"the keys cannot be compared: {error.message}"))
    return found


def _without_key(home: Home) -> dict[int, int]:
    there = set(key_case_ids(home.path / KEYS_FOLDER))
    return {
        case_id: event_seq
        for case_id, event_seq in living_cases(home.store).items()
        if case_id not in there
    }


def _kept_breaks(home: Home) -> list[Break]:
    try:
        missing = _missing(home)
        if missing:
            # What was erased meanwhile has its event by now.
            missing &= _missing(home)
    except (FirstlightError, TypeError, ValueError, AttributeError):
        # What is wrong with the records themselves is named by the check of the store.
        return [Break(None, KEPT_MISSING, "the vault cannot be compared with its records")]
    counts = Counter(case_id for case_id, _ in missing)
    return [
        Break(
            min(event_seq for other, event_seq in missing if other == case_id),
            KEPT_MISSING,
            f"kept contents of case {case_id} are missing or cut short, of {count} events",
        )
        for case_id, count in sorted(counts.items())
    ]


def _missing(home: Home) -> set[tuple[int, int]]:
    """Give the cases, and events that recorded something as kept, of which it is not there."""
    vault = BlobPresence(home.path / VAULT_FOLDER)
    return {
        (one.case_id, one.event_seq)
        for one in kept_places(home.store)
        if not vault.is_there(
            one.case_id, one.blob_name, one.size_bytes, one.pack, one.offset_bytes
        )
    }
