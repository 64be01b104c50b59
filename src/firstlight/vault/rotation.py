"""Replacing the master key, moving the secret, escrow: each finished after any power cut."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from firstlight.errors import KeyMissingError, KeyWrongError, StoreError, UsageError
from firstlight.vault.durable_file import Step, no_step, read_small, replace_file, translated
from firstlight.vault.holder import (
    KeySettings,
    current_place,
    facts_of,
    holder_of,
    new_place,
    refuse_taken,
    save_secret,
)
from firstlight.vault.holder_fact import (
    KEYS_FOLDER,
    HolderFacts,
    first_signing_key,
    read_facts,
    with_successor,
    without_unused,
    write_facts,
)
from firstlight.vault.holder_left import destroy_left, files_at
from firstlight.vault.key_folder import KeyFolder
from firstlight.vault.passphrase import (
    check_new_passphrase,
    open_under_passphrase,
    seal_under_passphrase,
)
from firstlight.vault.secret import HomeSecret

Record = Callable[[HomeSecret], None]
"""Enters into the log what is done; called before it can no longer be undone."""


def rotate_secret(
    home_path: Path,
    settings: KeySettings,
    secret: HomeSecret,
    record: Record,
    *,
    is_signing_renewed: bool = False,
    step: Step = no_step,
) -> HomeSecret:
    """Replace the master key and wrap every key anew; finished by ``settle`` if it is cut off.

    While the holder keeps both masters, key files open by either. A cut between the record and
    the last save leads to a second record, never to none.

    Args:
        is_signing_renewed: Replace the signing key too; the old one endorses the new one.

    Returns:
        The secret as it now is.
    """
    secret = settle(home_path, settings, secret, record, step)
    new = secret.rotated(is_signing_renewed=is_signing_renewed)
    if is_signing_renewed:
        write_facts(home_path, with_successor(facts_of(home_path), secret, new), step)
    save_secret(home_path, settings, new, step)
    step("secret-saved")
    return _complete(home_path, settings, new, record, step)


def settle(
    home_path: Path,
    settings: KeySettings,
    secret: HomeSecret,
    record: Record,
    step: Step = no_step,
) -> HomeSecret:
    """Complete whatever a power cut left of a rotation or a move; else change nothing.

    Raises:
        KeyWrongError: The secret does not open this home; nothing was changed.
    """
    folder = KeyFolder(home_path / KEYS_FOLDER, secret, step)
    folder.check()
    folder.clear_unfinished()
    facts = facts_of(home_path)
    whole = without_unused(facts, secret)
    # A holder that cannot be reached now does not stop the work: it stays to be cleared.
    with suppress(KeyMissingError, KeyWrongError, StoreError):
        if destroy_left(home_path, facts, settings, secret):
            whole = replace(whole, leaving=None)
    if whole != facts:
        write_facts(home_path, whole, step)
    return _complete(home_path, settings, secret, record, step) if secret.previous else secret


def _complete(
    home_path: Path, settings: KeySettings, secret: HomeSecret, record: Record, step: Step
) -> HomeSecret:
    KeyFolder(home_path / KEYS_FOLDER, secret, step).rewrap()
    step("keys-wrapped")
    record(secret)
    step("recorded")
    save_secret(home_path, settings, secret.settled(), step)
    step("old-master-gone")
    return secret.settled()


def move_secret(
    home_path: Path,
    settings: KeySettings,
    secret: HomeSecret,
    target: KeySettings,
    record: Record,
    step: Step = no_step,
) -> HolderFacts:
    """Hand the secret to another holder, or seal it under another passphrase.

    The old copy is destroyed only when the new one has been read back.

    Args:
        target: Where to: its key store, key file or passphrase.
        record: Called when the new copy stands and before it counts.

    Raises:
        UsageError: It is held there already, or the place is taken.
    """
    facts = facts_of(home_path)
    old = current_place(facts, settings)
    new = new_place(target, secret.secret_id)
    holder = holder_of(home_path, facts, new, target)
    if new == old and new.kind != "passphrase":
        raise UsageError("the key is held there already")
    if new.kind == "passphrase":
        check_new_passphrase(target.passphrase_text())
    if new != old:
        refuse_taken(holder)
        # Until the copy counts, it is what a cut-off move leaves to be cleared.
        write_facts(home_path, replace(facts, leaving=new), step)
    holder.store(secret, step)
    if holder.load() != secret:
        raise KeyWrongError("the key did not read back as it was written; it stays where it was")
    step("copied")
    record(secret)
    step("recorded")
    moved = replace(facts, place=new, leaving=old if old != new else None)
    write_facts(home_path, moved, step)
    if moved.leaving is not None:
        holder_of(home_path, facts, old, settings).destroy(files_at(home_path, new))
        step("old-copy-destroyed")
        moved = replace(moved, leaving=None)
        write_facts(home_path, moved, step)
    return moved


def export_secret(path: Path, secret: HomeSecret, target: KeySettings, record: Record) -> None:
    """Write an escrow copy, sealed under a passphrase of its own.

    Args:
        target: Has that passphrase.
        record: Called when the copy is on the disk and before it has its name.

    Raises:
        UsageError: A file is there already.
        SettingError: The passphrase is too easily tried out.
    """
    passphrase = target.passphrase_text()
    check_new_passphrase(passphrase)
    if os.path.lexists(path):
        raise UsageError("the escrow file is there already; name a new one", detail=str(path))
    plain = secret.to_json().encode("ascii")
    sealed = seal_under_passphrase(plain, passphrase, secret_id=secret.secret_id, cost=target.cost)
    with translated("writing the escrow copy"):
        replace_file(
            path,
            sealed,
            is_secret=True,
            step=lambda name: record(secret) if name.endswith(":written") else None,
        )


def import_secret(
    home_path: Path, path: Path, escrow: KeySettings, settings: KeySettings, step: Step = no_step
) -> HomeSecret:
    """Give the home its key back from an escrow copy.

    Args:
        escrow: Has the passphrase of the escrow copy.
        settings: Where the key goes: its key store, key file or passphrase.

    Raises:
        KeyWrongError: The copy is another home's, or older than the last rotation.
    """
    try:
        sealed = read_small(path)
    except OSError as error:
        raise KeyMissingError(
            f"the escrow copy cannot be read ({error.strerror})", detail=str(path)
        ) from error
    secret = HomeSecret.from_json(open_under_passphrase(sealed, escrow.passphrase_text()))
    KeyFolder(home_path / KEYS_FOLDER, secret).check()
    place = new_place(settings, secret.secret_id)
    facts = read_facts(home_path)
    if facts is None:
        facts = HolderFacts(secret.secret_id, place, None, (first_signing_key(secret),))
    else:
        facts = replace(facts, place=place)
    if place.kind == "passphrase":
        check_new_passphrase(settings.passphrase_text())
    holder = holder_of(home_path, facts, place, settings)
    holder.store(secret, step)
    step("copied")
    write_facts(home_path, without_unused(facts, secret), step)
    return secret
