"""Erasing a case: its key is destroyed, and with it everything that was sealed under it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from firstlight.app.backup_writing import BACKUPS_FOLDER
from firstlight.errors import CaseHeldError, IntegrityError, UsageError
from firstlight.store.database import Reader
from firstlight.store.event import count_events
from firstlight.store.retention import erased_case_ids, find_retention
from firstlight.store.schema import kept, sighting, source
from firstlight.vault.blob import BlobVault
from firstlight.vault.durable_file import Step, destroy_file, no_step, sync_folder, translated
from firstlight.vault.holder_fact import KEYS_FOLDER
from firstlight.vault.key_folder import erased_case_ids as marked_case_ids

if TYPE_CHECKING:
    from firstlight.app.home import Home

VAULT_FOLDER = "vault"
_BACKUP_KEY_MAX_BYTES = 2 << 20


def erase_case(
    home: Home, case_name: str, *, is_sure: bool, step: Step = no_step
) -> dict[str, Any]:
    """Erase a case: a person's act, with a purpose, and refused while the case is on hold.

    The event is written first: from then on the case is gone from every answer. What a power
    cut then leaves undone is done when the home is next opened for writing.

    Raises:
        UsageError: No purpose is stated, or it is not confirmed.
        CaseHeldError: The case is on legal hold; the refusal is logged.
    Cost: well under a second, however much the case holds; sealed copies are unlinked after.
    """
    from firstlight.app.case import require_case

    case = require_case(home, case_name)
    if home.actor.purpose is None:
        raise UsageError("erasing a case needs its purpose: --reason TEXT")
    retention = find_retention(home.store, case.case_id)
    if retention is not None and retention.is_on_hold:
        with home.store.transaction() as tx:
            inputs = {"what": "erase-case", "case": case.case_id, "code": CaseHeldError.code}
            with tx.event(home.actor, "refused", inputs):
                pass
        raise CaseHeldError("the case is on legal hold: `firstlight case release` comes first")
    if not is_sure:
        raise UsageError("an erased case never comes back: say --yes")
    counts = _counts(home.store, case.case_id)
    with (
        home.store.transaction() as tx,
        tx.event(home.actor, "erased-case", {"case": case.case_id, **counts}) as event,
    ):
        event.add("case_erasure", {"case_id": case.case_id, "counts": counts})
    step("erasure-recorded")
    # Before the key: as long as it is there, what a power cut leaves is known to be unfinished.
    destroy_inner_backups(home.path)
    step("inner-backups-destroyed")
    home.sealer.erase_case(case.case_id)
    step("case-key-destroyed")
    vault = _vault(home)
    vault.destroy_case(case.case_id)
    step("vault-put-away")
    vault.remove_case(case.case_id)
    step("vault-removed")
    return {
        "case": case.case_id,
        "erased": counts,
        "backups": count_events(home.store, "backed-up"),
    }


def destroy_inner_backups(home_path: Path) -> None:
    """Destroy the backups that migrations left in the home: they still hold the erased case."""
    folder = home_path / BACKUPS_FOLDER
    if not folder.is_dir():
        return
    with translated("destroying the backups in the home"):
        for path in sorted(folder.iterdir()):
            # Its own key stands at its beginning: without that the rest opens for nobody.
            with suppress(OSError):
                os.truncate(path, min(path.stat().st_size, _BACKUP_KEY_MAX_BYTES))
            destroy_file(path)
        sync_folder(folder)


def finish_erasures(home: Home) -> None:
    """Complete erasures that a kill or power cut left between their event and their deed."""
    for case_id in erased_case_ids(home.store):
        if not home.unlocked.folder.is_erased_wholly(case_id):
            destroy_inner_backups(home.path)
            home.sealer.erase_case(case_id)
        _vault(home).destroy_case(case_id)
    if any((home.path / VAULT_FOLDER).glob("removed-*")):
        _vault(home).sweep()


def refuse_stray_markers(home: Home) -> None:
    """Stop before a marker that somebody put there has any effect.

    Raises:
        IntegrityError: A case is marked as erased, and the log knows of no erasure.
    """
    if stray_markers(home):
        raise IntegrityError(
            "a case is marked as erased in the key folder, and the log knows of no erasure; nothing"
            " was destroyed: run `firstlight verify`, then restore the folder 'keys' from a backup"
        )


def stray_markers(home: Home) -> list[int]:
    """Number the cases marked as erased of which the log knows no erasure; needs no key."""
    # In this order: an erasure beside this writes its event before its marker.
    marked = marked_case_ids(home.path / KEYS_FOLDER)
    recorded = set(erased_case_ids(home.store))
    return [case_id for case_id in marked if case_id not in recorded]


def _vault(home: Home) -> BlobVault:
    return BlobVault(home.path / VAULT_FOLDER, home.sealer)


def _counts(reader: Reader, case_id: int) -> dict[str, int]:
    def count(table: Any) -> int:
        statement = select(func.count()).select_from(table).where(table.c.case_id == case_id)
        return int(reader.fetch(statement)[0][0])

    return {"sources": count(source), "sightings": count(sighting), "kept": count(kept)}
