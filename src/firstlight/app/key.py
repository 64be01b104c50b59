"""The key of a home: where it is held, replacing it, moving it, escrow."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstlight.app.asking import asker
from firstlight.app.unlocking import key_settings, key_warnings
from firstlight.errors import FirstlightError, KeyMissingError, KeyWrongError
from firstlight.vault.durable_file import Step, no_step
from firstlight.vault.holder import KeySettings, current_place, facts_of, load_secret
from firstlight.vault.holder_fact import KEYS_FOLDER
from firstlight.vault.key_folder import KeyFolder, erased_case_ids, live_case_ids
from firstlight.vault.rotation import (
    Record,
    export_secret,
    import_secret,
    move_secret,
    rotate_secret,
    settle,
)
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner

if TYPE_CHECKING:
    from firstlight.app.home import Home


def key_document(home: Home) -> tuple[dict[str, Any], FirstlightError | None]:
    """Say where the key is held and how it stands; the home may be locked.

    Returns: the document, and what stands in the way of the key where it is not to be had.
    """
    folder = home.path / KEYS_FOLDER
    facts = facts_of(home.path)
    given = key_settings(home.settings)
    place = current_place(facts, given)
    trouble: FirstlightError | None = None
    old: list[str] | None = None
    is_rotating = False
    try:
        secret = load_secret(home.path, given)
        keys = KeyFolder(folder, secret)
        keys.check()
        old, is_rotating = keys.wrapped_with_old(), bool(secret.previous)
    except (KeyMissingError, KeyWrongError) as error:
        trouble = error
    return {
        "secret_id": facts.secret_id,
        "holder": place.kind,
        "key_file": place.key_file,
        "is_at_hand": trouble is None,
        "trouble": None if trouble is None else trouble.message,
        "public_key": facts.signing_keys[-1].public_key,
        "signing_keys": [asdict(key) for key in facts.signing_keys],
        "is_rotation_unfinished": None if old is None else bool(is_rotating or old),
        "is_move_unfinished": facts.leaving is not None,
        "case_keys": len(live_case_ids(folder)),
        "erased_cases": len(erased_case_ids(folder)),
        "warnings": key_warnings(home.path, home.settings),
    }, trouble


def settle_keys(home: Home, step: Step = no_step) -> None:
    """Complete what a killed rotation, move or erasure left; called whenever a home is written."""
    given = key_settings(home.settings)
    folder = home.unlocked.folder
    record = _recorder(home, "rotated-keys", {"is_completed_later": True})
    _take_up(home, settle(home.path, given, folder.secret, record, step))


def rotate_keys(
    home: Home, *, is_signing_renewed: bool = False, step: Step = no_step
) -> dict[str, Any]:
    """Replace the master key, wrap every key anew; on request replace the signing key too."""
    given = key_settings(home.settings)
    folder = home.unlocked.folder
    record = _recorder(home, "rotated-keys", {"is_signing_renewed": is_signing_renewed})
    secret = rotate_secret(
        home.path,
        given,
        folder.secret,
        record,
        is_signing_renewed=is_signing_renewed,
        step=step,
    )
    _take_up(home, secret)
    return {
        "secret_id": secret.secret_id,
        "public_key": HomeSigner(secret).public_key.hex(),
        "is_signing_renewed": is_signing_renewed,
        "case_keys": len(folder.case_ids()),
    }


def move_key(
    home: Home,
    *,
    key_store: str,
    key_file: str | None,
    passphrase_file: str | None,
    step: Step = no_step,
) -> dict[str, Any]:
    """Hand the key to another holder and destroy the copy it leaves.

    Args:
        passphrase_file: Has the new passphrase. Without it, and where the key is not under one
            already, the one given to this process serves; else a person is asked twice.
    """
    given = key_settings(home.settings)
    was = current_place(facts_of(home.path), given).kind
    is_other = key_store == "passphrase" and was != "passphrase"
    target = KeySettings(
        key_store=key_store,
        key_file=key_file,
        passphrase_file=passphrase_file or (given.passphrase_file if is_other else None),
        passphrase=given.passphrase if is_other else None,
        ask=asker("new passphrase of this home"),
    )
    record = _recorder(home, "moved-key", {"from": was, "to": key_store})
    facts = move_secret(home.path, given, home.unlocked.folder.secret, target, record, step)
    return {
        "secret_id": facts.secret_id,
        "holder": facts.place.kind,
        "key_file": facts.place.key_file,
        "from": was,
    }


def export_key(home: Home, path: Path, passphrase_file: str | None) -> dict[str, Any]:
    """Write an escrow copy of the key, sealed under a passphrase of its own."""
    secret = home.unlocked.folder.secret
    target = KeySettings(passphrase_file=passphrase_file, ask=asker("passphrase of the copy"))
    export_secret(path, secret, target, _recorder(home, "exported-key", {}))
    return {"secret_id": secret.secret_id, "file": str(path)}


def import_key(
    home: str | None,
    reason: str | None,
    path: Path,
    passphrase_file: str | None,
    *,
    new_passphrase_file: str | None = None,
    **overrides: Any,
) -> dict[str, Any]:
    """Give a home its key back from an escrow copy, and enter that into the log.

    Args:
        passphrase_file: Of the escrow copy.
        new_passphrase_file: Of the home, where the key goes under a passphrase.
        overrides: Settings given on the command line: where the key goes.
    """
    from firstlight.app.home import open_home, writer_lock
    from firstlight.app.home_place import home_path
    from firstlight.config import load_settings

    if new_passphrase_file is not None:
        overrides["passphrase_file"] = new_passphrase_file
    settings = load_settings(home=home, reason=reason, **overrides)
    # A locked opening first: it says what is wrong with the home itself.
    with open_home(home, reason, writing=False, is_locked=True, **overrides):
        pass
    escrow = KeySettings(
        passphrase_file=passphrase_file, ask=asker("passphrase of the copy", is_new=False)
    )
    given = replace(key_settings(settings), ask=asker("new passphrase of this home"))
    with writer_lock(home_path(settings)):
        import_secret(home_path(settings), path, escrow, given)
    with open_home(home, reason, writing=True, **overrides) as opened:
        secret = opened.unlocked.folder.secret
        place = facts_of(opened.path).place
        _recorder(opened, "imported-key", {"to": place.kind})(secret)
    return {"secret_id": secret.secret_id, "holder": place.kind, "key_file": place.key_file}


def _recorder(home: Home, action: str, inputs: dict[str, Any]) -> Record:
    def record(secret: HomeSecret) -> None:
        # A purpose is sealed under the home's key, which the new master may wrap by now.
        _take_up(home, secret)
        public_key = HomeSigner(secret).public_key.hex()
        whole = {**inputs, "secret_id": secret.secret_id, "public_key": public_key}
        with home.store.transaction() as transaction, transaction.event(home.actor, action, whole):
            pass

    return record


def _take_up(home: Home, secret: HomeSecret) -> None:
    """Let the opened home seal and sign under the newer state from here on."""
    home.unlocked.folder.take_up(secret)
    signer = home.unlocked.signer
    if isinstance(signer, HomeSigner):
        signer.take_up(secret)
