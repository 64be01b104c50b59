"""Events as they are stored: the custody log, page by page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from firstlight.guard.custody import read_time
from firstlight.model.event import Event
from firstlight.store import schema
from firstlight.store.database import Reader
from firstlight.store.sealing import open_fields


def event_page(
    reader: Reader, *, after_seq: int = 0, limit: int = 100, action: str | None = None
) -> list[Event]:
    """Give one page of the log, oldest first."""
    table = schema.event
    statement = select(table).where(table.c.event_seq > after_seq)
    if action is not None:
        statement = statement.where(table.c.action == action)
    found = reader.fetch(statement.order_by(table.c.event_seq).limit(limit))
    return [read_event(row) for row in found]


def count_events(reader: Reader, action: str | None = None) -> int:
    """Count the events of the log, or those of one action."""
    statement = select(func.count()).select_from(schema.event)
    if action is not None:
        statement = statement.where(schema.event.c.action == action)
    return int(reader.fetch(statement)[0][0])


def last_event(reader: Reader) -> Event | None:
    """Give the newest event; its digest stands for the whole log."""
    table = schema.event
    found = reader.fetch(select(table).order_by(table.c.event_seq.desc()).limit(1))
    return read_event(found[0]) if found else None


def stated_purposes(reader: Reader) -> dict[str, str]:
    """Give the purposes that people stated, by the salted digest under which events name them."""
    found = {}
    for row in reader.fetch(select(schema.stated_purpose)):
        number = row.stated_purpose_id
        opened = open_fields(reader, "stated_purpose", row.case_id, number, row.sealed)
        found[row.purpose_sha256] = opened["purpose"]
    return found


def read_event(row: Any) -> Event:
    """Read an event from a row of its table.

    Raises:
        ValueError: The time is not in the form that events are written with.
    """
    seq, at, *between = row
    return Event(seq, read_time(at), *between)
