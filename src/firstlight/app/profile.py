"""Profiles: what the home may keep, who allowed it and why, and what is kept now."""

from __future__ import annotations

from typing import Any

from firstlight.app.documents import time_text
from firstlight.app.home import Home, open_home
from firstlight.app.keeping import clear_unrecorded
from firstlight.errors import CaseHeldError, UsageError
from firstlight.model.profile import Profile, ProfileKind
from firstlight.store.case import case_names
from firstlight.store.database import Reader
from firstlight.store.kept import ERASED_KEPT, count_kept, load_profile
from firstlight.store.retention import list_retention


def chosen_profile(
    kind: str | None, legal_basis: str | None = None, *, keeps_originals: bool = False
) -> Profile:
    """Put together what a person asked for; hash-only where nothing was.

    Raises:
        UsageError: A holder without a legal basis, or a hash-only home that keeps originals.
    """
    chosen = ProfileKind(kind or ProfileKind.HASH_ONLY)
    stated = legal_basis.strip() if legal_basis else None
    if chosen is ProfileKind.HOLDER:
        if not stated:
            raise UsageError("a holder states by what right: add --legal-basis TEXT")
        return Profile(chosen, keeps_originals, stated)
    if keeps_originals:
        raise UsageError("a hash-only home keeps no originals: it takes --profile holder")
    return Profile(chosen, False, stated)


def current_profile(reader: Reader) -> Profile:
    """Give the profile in force; hash-only where none was ever set."""
    found = load_profile(reader)
    return Profile() if found is None else found.profile


def require_profile(home_folder: str | None, asked: Profile | None) -> Profile:
    """Give the profile of a home that was there already.

    Raises:
        UsageError: Another one was asked for than it has.
    """
    with open_home(home_folder, None, writing=False, is_locked=True) as home:
        found = current_profile(home.store)
    if asked is not None and (asked.kind, asked.keeps_originals) != (
        found.kind,
        found.keeps_originals,
    ):
        raise UsageError(
            f"this home is there already, as {found.kind}: `firstlight profile` changes that"
        )
    return found


def set_profile(home: Home, profile: Profile, *, is_erasing: bool = False) -> dict[str, Any]:
    """Set the profile, for the reason that the actor gave.

    What was kept under another profile stays, unless the same call erases it: erasing is a
    person's act of its own.

    Args:
        is_erasing: Destroy every derivative and original of all cases.

    Returns:
        The document of ``profile --json``, with the number of erased contents.

    Raises:
        UsageError: No reason was given, or a holder asks for erasure.
        CaseHeldError: A case is on legal hold; nothing was changed.
    """
    if home.actor.purpose is None:
        raise UsageError("setting the profile takes a reason: add --reason TEXT")
    if is_erasing and profile.kind is ProfileKind.HOLDER:
        raise UsageError("what is kept is erased when the home becomes hash-only")
    if is_erasing:
        _refuse_held(home)
    erased = sum(row.count for row in count_kept(home.store)) if is_erasing else 0
    action = ERASED_KEPT if is_erasing else "set-profile"
    inputs: dict[str, Any] = {"profile": str(profile.kind)}
    if is_erasing:
        inputs["kept"] = erased
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, action, inputs) as event,
    ):
        event.add("home_profile", profile.row())
    if is_erasing:
        clear_unrecorded(home)
    return {**profile_document(home), "erased": erased}


def profile_document(home: Home) -> dict[str, Any]:
    """Give the document of ``profile --json``."""
    found = load_profile(home.store)
    profile = Profile() if found is None else found.profile
    names = case_names(home.store)
    counts = count_kept(home.store)
    return {
        "profile": str(profile.kind),
        "keeps_originals": profile.keeps_originals,
        "legal_basis": profile.legal_basis,
        "set_at": None if found is None else time_text(found.set_at),
        "set_by": None if found is None else found.set_by,
        "kept": {
            f"{kind}s": {
                "count": sum(row.count for row in counts if row.kind == kind),
                "size_bytes": sum(row.size_bytes for row in counts if row.kind == kind),
            }
            for kind in ("derivative", "original")
        },
        "cases": [
            {
                "case": names.get(row.case_id),
                "kind": row.kind,
                "count": row.count,
                "size_bytes": row.size_bytes,
            }
            for row in counts
        ],
    }


def _refuse_held(home: Home) -> None:
    held = [row.case_id for row in list_retention(home.store) if row.is_on_hold]
    if not held:
        return
    inputs = {"what": ERASED_KEPT, "cases": held, "code": CaseHeldError.code}
    with home.store.transaction() as transaction, transaction.event(home.actor, "refused", inputs):
        pass
    raise CaseHeldError(
        f"cases on legal hold: {len(held)}; what is kept is not erased before they are released"
    )
