"""Children as they are stored: a pseudonymous key, and the states that people set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from firstlight.guard.custody import read_time
from firstlight.store.case import case_names
from firstlight.store.database import Reader
from firstlight.store.schema import case_file, child, child_link, child_state, event
from firstlight.store.sealing import keyed_hash, open_fields


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A child as last stated."""

    child_id: int
    child_key: str
    state: str | None
    age_from: int | None
    age_to: int | None
    age_source: str | None
    note: str | None
    case_id: int | None
    case_name: str | None
    case_opened_at: datetime | None
    added_at: datetime
    stated_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChildLink:
    """Something that concerns a child."""

    subject_kind: str
    subject: str


def find_child(reader: Reader, child_key: str) -> ChildRow | None:
    """Find a child by its key."""
    found = reader.fetch(_select_child().where(child.c.child_key == child_key))
    return _child_row(reader, found[0], case_names(reader)) if found else None


def list_children(reader: Reader, *, case_id: int | None = None) -> list[ChildRow]:
    """List children, those of the oldest cases first and those of none last."""
    statement = _select_child()
    if case_id is not None:
        statement = statement.where(child_state.c.case_id == case_id)
    names = case_names(reader)
    found = [_child_row(reader, row, names) for row in reader.fetch(statement)]
    return sorted(
        found,
        key=lambda one: (
            one.case_opened_at is None,
            one.case_opened_at or one.added_at,
            one.child_key,
        ),
    )


def _select_child() -> Select[Any]:
    later = child_state.alias("later_state")
    newer = and_(
        later.c.child_id == child_state.c.child_id,
        later.c.child_state_id > child_state.c.child_state_id,
    )
    is_newest = ~select(later.c.child_id).where(newer).exists()
    added, stated, opened = event.alias("added"), event.alias("stated"), event.alias("opened")
    return (
        select(
            child.c.child_id,
            child.c.child_key,
            child_state.c.state,
            child_state.c.age_from,
            child_state.c.age_to,
            child_state.c.child_state_id,
            child_state.c.case_id,
            child_state.c.sealed,
            opened.c.at.label("case_opened_at"),
            added.c.at.label("added_at"),
            stated.c.at.label("stated_at"),
        )
        .join(added, added.c.event_seq == child.c.event_seq)
        .join(
            child_state, and_(child_state.c.child_id == child.c.child_id, is_newest), isouter=True
        )
        .join(stated, stated.c.event_seq == child_state.c.event_seq, isouter=True)
        .join(case_file, case_file.c.case_id == child_state.c.case_id, isouter=True)
        .join(opened, opened.c.event_seq == case_file.c.event_seq, isouter=True)
    )


def _child_row(reader: Reader, row: Any, names: dict[int, str]) -> ChildRow:
    is_erased = row.case_id is not None and row.case_id not in names
    opened: dict[str, Any] = {"age_source": None, "note": None}
    if row.sealed is not None and not is_erased:
        number = row.child_state_id
        opened = open_fields(reader, "child_state", row.case_id, number, row.sealed)
    return ChildRow(
        child_id=row.child_id,
        child_key=row.child_key,
        state=row.state,
        age_from=row.age_from,
        age_to=row.age_to,
        case_id=row.case_id,
        case_name=names.get(row.case_id),
        case_opened_at=read_time(row.case_opened_at) if row.case_opened_at else None,
        added_at=read_time(row.added_at),
        stated_at=read_time(row.stated_at) if row.stated_at else None,
        **opened,
    )


def child_links(reader: Reader, child_id: int) -> list[ChildLink]:
    """List what concerns a child, in the order it was linked."""
    statement = (
        select(child_link)
        .where(child_link.c.child_id == child_id)
        .order_by(child_link.c.child_link_id)
    )
    found = []
    for row in reader.fetch(statement):
        opened = open_fields(reader, "child_link", None, row.child_link_id, row.sealed)
        found.append(ChildLink(row.subject_kind, opened["subject"]))
    return found


def children_of(reader: Reader, subject_kind: str, subject: str) -> list[str]:
    """List the keys of the children whom something concerns."""
    subject_mac = keyed_hash(reader, "child_link", "subject_mac", None, subject)
    statement = (
        select(child.c.child_key)
        .join(child_link, child_link.c.child_id == child.c.child_id)
        .where(child_link.c.subject_kind == subject_kind, child_link.c.subject_mac == subject_mac)
        .order_by(child.c.child_key)
    )
    return [row.child_key for row in reader.fetch(statement)]
