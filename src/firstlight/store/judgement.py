"""Judgements as they are stored: what people decided; undo is another judgement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from firstlight.guard.custody import read_time
from firstlight.store.current import blocks, is_not_erased
from firstlight.store.database import Reader
from firstlight.store.schema import event, judgement, judgement_note
from firstlight.store.sealing import open_fields
from firstlight.store.writer import EventWriter


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """One decision of one person."""

    judgement_id: int
    subject_kind: str
    subject: str
    decision: str
    note: str | None
    actor: str
    judged_at: datetime


def _select_judgement() -> Select[Any]:
    return select(
        judgement.c.judgement_id,
        judgement.c.subject_kind,
        judgement.c.subject,
        judgement.c.decision,
        event.c.actor,
        event.c.at.label("judged_at"),
    ).join(event, event.c.event_seq == judgement.c.event_seq)


def latest_judgement(reader: Reader, subject_kind: str, subject: str) -> JudgementRow | None:
    """Read the newest judgement on a subject: the one that stands."""
    found = reader.fetch(
        _select_judgement()
        .where(judgement.c.subject_kind == subject_kind, judgement.c.subject == subject)
        .order_by(judgement.c.judgement_id.desc())
        .limit(1)
    )
    return _judgement_rows(reader, found)[0] if found else None


def is_trusted(reader: Reader, list_name: str, version_event_seq: int) -> bool:
    """Whether a person trusts this version of a list: what came in later nobody has declared.

    Args:
        version_event_seq: The event that brought the version in.
    """
    last = reader.fetch(
        select(judgement.c.decision, judgement.c.event_seq)
        .where(judgement.c.subject_kind == "list", judgement.c.subject == list_name)
        .order_by(judgement.c.judgement_id.desc())
        .limit(1)
    )
    return bool(last) and last[0].decision == "trusted" and last[0].event_seq > version_event_seq


def list_judgements(
    reader: Reader, subject_kind: str | None = None, subject: str | None = None
) -> list[JudgementRow]:
    """List judgements, oldest first."""
    statement = _select_judgement().order_by(judgement.c.judgement_id)
    if subject_kind is not None:
        statement = statement.where(judgement.c.subject_kind == subject_kind)
    if subject is not None:
        statement = statement.where(judgement.c.subject == subject)
    return _judgement_rows(reader, reader.fetch(statement))


def add_judgement(
    ev: EventWriter, case_ids: Iterable[int], values: Mapping[str, Any], note: str | None
) -> None:
    """Record a decision; its note is sealed for every case that its subject belongs to.

    Args:
        case_ids: None of them means the home: a decision on a list, for example.
        values: ``subject_kind``, ``subject``, ``decision``.
    """
    judgement_id = ev.add("judgement", values)
    if note:
        for case_id in sorted(case_ids) or (None,):
            row = {"judgement_id": judgement_id, "case_id": case_id, "note": note}
            ev.add("judgement_note", row)


def _judgement_rows(reader: Reader, rows: Sequence[Any]) -> list[JudgementRow]:
    notes = _notes_of(reader, [row.judgement_id for row in rows])
    return [
        JudgementRow(
            **{
                **row._mapping,
                "note": notes.get(row.judgement_id),
                "judged_at": read_time(row.judged_at),
            }
        )
        for row in rows
    ]


def _notes_of(reader: Reader, judgement_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    case_id = judgement_note.c.case_id
    for block in blocks(judgement_ids):
        statement = select(judgement_note).where(
            judgement_note.c.judgement_id.in_(block), or_(case_id.is_(None), is_not_erased(case_id))
        )
        for row in reader.fetch(statement):
            number = row.judgement_note_id
            opened = open_fields(reader, "judgement_note", row.case_id, number, row.sealed)
            found.setdefault(row.judgement_id, opened["note"])
    return found
