"""Retention as it is stored: class, review date and legal hold of cases, and erasures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from firstlight.guard.custody import read_time
from firstlight.store.case import case_names
from firstlight.store.database import Reader
from firstlight.store.schema import case_erasure, case_retention, event
from firstlight.store.sealing import open_fields


@dataclass(frozen=True, slots=True)
class RetentionRow:
    """What was last stated of how long a case is kept.

    Args:
        review_on: ISO 8601 date on which a person decides anew.
    """

    case_id: int
    case_name: str
    retention_class: str | None
    review_on: str | None
    is_on_hold: bool
    reason: str | None
    actor: str
    stated_at: datetime


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """A case that was erased: its number, and how much it held."""

    case_id: int
    counts: dict[str, Any]
    actor: str
    erased_at: datetime


def find_retention(reader: Reader, case_id: int) -> RetentionRow | None:
    """Read what was last stated of a case; None where nothing was."""
    found = [row for row in list_retention(reader) if row.case_id == case_id]
    return found[0] if found else None


def list_retention(reader: Reader) -> list[RetentionRow]:
    """List what was last stated of each case that was not erased, by review date."""
    names = case_names(reader)
    rows = [
        _retention_row(reader, row, names)
        for row in reader.fetch(_select_newest())
        if row.case_id in names
    ]
    return sorted(rows, key=lambda row: (row.review_on is None, row.review_on, row.case_name))


def _select_newest() -> Select[Any]:
    later = case_retention.alias("later_retention")
    newer = and_(
        later.c.case_id == case_retention.c.case_id,
        later.c.case_retention_id > case_retention.c.case_retention_id,
    )
    return (
        select(case_retention, event.c.actor, event.c.at)
        .join(event, event.c.event_seq == case_retention.c.event_seq)
        .where(~select(later.c.case_id).where(newer).exists())
    )


def _retention_row(reader: Reader, row: Any, names: dict[int, str]) -> RetentionRow:
    number = row.case_retention_id
    opened = open_fields(reader, "case_retention", row.case_id, number, row.sealed)
    return RetentionRow(
        case_id=row.case_id,
        case_name=names[row.case_id],
        retention_class=opened["retention_class"],
        review_on=row.review_on,
        is_on_hold=bool(row.is_on_hold),
        reason=opened["reason"],
        actor=row.actor,
        stated_at=read_time(row.at),
    )


def list_erasures(reader: Reader) -> list[ErasureRow]:
    """List the cases that were erased, oldest erasure first."""
    statement = (
        select(case_erasure, event.c.actor, event.c.at)
        .join(event, event.c.event_seq == case_erasure.c.event_seq)
        .order_by(case_erasure.c.case_erasure_id)
    )
    return [
        ErasureRow(
            row.case_id,
            json.loads(row.counts) if row.counts else {},
            row.actor,
            read_time(row.at),
        )
        for row in reader.fetch(statement)
    ]


def erased_case_ids(reader: Reader) -> list[int]:
    """Number the cases that were erased."""
    return [row.case_id for row in reader.fetch(select(case_erasure.c.case_id))]
