"""Judgements as they are stored: what people decided; undo is another judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from firstlight.guard.custody import read_time
from firstlight.store.database import Reader
from firstlight.store.schema import event, judgement


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
        judgement.c.note,
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
    return _judgement_row(found[0]) if found else None


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
    return [_judgement_row(row) for row in reader.fetch(statement)]


def _judgement_row(row: Any) -> JudgementRow:
    return JudgementRow(**{**row._mapping, "judged_at": read_time(row.judged_at)})
