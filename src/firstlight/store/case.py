"""Cases as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select

from firstlight.errors import ConflictError
from firstlight.guard.custody import read_time
from firstlight.store.current import (
    SEARCHING,
    count_distinct,
    current_matches,
    has_trouble,
    is_current_sighting,
    is_not_erased,
)
from firstlight.store.database import Reader
from firstlight.store.schema import case_file, event, sighting, source
from firstlight.store.sealing import keyed_hash, open_fields
from firstlight.store.writer import EventWriter, Transaction


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case."""

    case_id: int
    name: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case and what it holds, counted over current sightings."""

    case: CaseRow
    sources: int
    files: int
    media: int
    matched_media: int
    failed: int


def _select_case() -> Select[Any]:
    return (
        select(case_file.c.case_id, case_file.c.sealed, event.c.at)
        .join(event, event.c.event_seq == case_file.c.event_seq)
        .where(is_not_erased(case_file.c.case_id))
    )


def find_case(reader: Reader, name: str) -> CaseRow | None:
    """Find a case by its name; erased ones have none."""
    name_mac = keyed_hash(reader, "case_file", "name_mac", None, name)
    found = reader.fetch(_select_case().where(case_file.c.name_mac == name_mac))
    return _case_row(reader, found[0]) if found else None


def add_case(tx: Transaction, ev: EventWriter, name: str) -> int:
    """Record a case, its key first; returns its number.

    Raises:
        ConflictError: There is a case of this name.
    """
    if find_case(tx, name) is not None:
        raise ConflictError("a case of this name exists already")
    tx.sealer.add_case(tx.peek_number("case_file"))
    return ev.add("case_file", {"name": name})


def case_names(reader: Reader) -> dict[int, str]:
    """Name all cases that were not erased."""
    rows = [_case_row(reader, row) for row in reader.fetch(_select_case())]
    return {row.case_id: row.name for row in sorted(rows, key=lambda row: row.name)}


def _case_row(reader: Reader, row: Any) -> CaseRow:
    opened = open_fields(reader, "case_file", row.case_id, row.case_id, row.sealed)
    return CaseRow(row.case_id, opened["name"], read_time(row.at))


def list_cases(reader: Reader) -> list[CaseSummary]:
    """List all cases by name, with counts."""
    cases = [_case_row(reader, row) for row in reader.fetch(_select_case())]
    cases.sort(key=lambda one: one.name)
    sources = _by_case(
        reader, select(source.c.case_id, func.count().label("n")).group_by(source.c.case_id)
    )
    is_failed = case((has_trouble(), 1))
    seen = {
        row.case_id: row
        for row in reader.fetch(
            select(
                source.c.case_id,
                func.count().label("files"),
                count_distinct(sighting.c.media_id).label("media"),
                func.count(is_failed).label("failed"),
            )
            .join(source, source.c.source_id == sighting.c.source_id)
            .where(is_current_sighting())
            .group_by(source.c.case_id)
        )
    }
    matched = _by_case(reader, _matched_by_case())
    return [
        CaseSummary(
            one,
            sources.get(one.case_id, 0),
            seen[one.case_id].files if one.case_id in seen else 0,
            seen[one.case_id].media if one.case_id in seen else 0,
            matched.get(one.case_id, 0),
            seen[one.case_id].failed if one.case_id in seen else 0,
        )
        for one in cases
    ]


def _matched_by_case() -> Select[Any]:
    matched = select(current_matches(SEARCHING).subquery().c.media_id).distinct()
    return (
        select(source.c.case_id, count_distinct(sighting.c.media_id).label("n"))
        .join(source, source.c.source_id == sighting.c.source_id)
        .where(is_current_sighting(), sighting.c.media_id.in_(matched))
        .group_by(source.c.case_id)
    )


def _by_case(reader: Reader, statement: Select[Any]) -> dict[int, int]:
    return {row.case_id: row.n for row in reader.fetch(statement)}
