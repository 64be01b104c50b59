"""Judgements of people about items that failed or were not opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.home import Home
from firstlight.errors import UsageError
from firstlight.model.media import Outcome
from firstlight.store.judgement import add_judgement
from firstlight.store.sighting import troubled_sightings

DECISIONS = ("looked-at", "not-looked-at")


def judge_items(
    home: Home,
    case_name: str,
    *,
    sighting_ids: tuple[int, ...],
    code: str | None,
    decision: str,
    note: str | None,
) -> dict[str, Any]:
    """Record that a person has looked at failed or unopened items; undo is another judgement.

    Args:
        sighting_ids: Items by number; or
        code: All items of the case with this failure code (or outcome).
    """
    if bool(sighting_ids) == (code is not None):
        raise UsageError("give items by number, or --code CODE for all of one kind")
    case = require_case(home, case_name)
    rows = [
        row
        for row in troubled_sightings(home.store, case_id=case.case_id)
        if row.outcome is not Outcome.SKIPPED
    ]
    if code is None:
        chosen = [row.sighting_id for row in rows if row.sighting_id in sighting_ids]
    else:
        chosen = [
            row.sighting_id
            for row in rows
            if code in {str(row.outcome), *(failure.code for failure in row.failures)}
        ]
    if not chosen:
        raise UsageError("no failed or unopened item of this case is meant by that")
    subjects = [str(one) for one in chosen]
    record_judgements(home, "sighting", subjects, decision, note, case_ids=[case.case_id])
    return {"case": case_name, "decision": decision, "items": chosen}


def record_judgements(
    home: Home,
    subject_kind: str,
    subjects: Sequence[str],
    decision: str,
    note: str | None,
    *,
    case_ids: Sequence[int] = (),
) -> None:
    """Record what a person decided of things of one kind; undo is another judgement.

    Args:
        case_ids: Whose keys seal the note; none where the things belong to no case.
    """
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "judged", {"kind": subject_kind}) as event,
    ):
        for subject in subjects:
            values = {"subject_kind": subject_kind, "subject": subject, "decision": decision}
            add_judgement(event, case_ids, values, note)
