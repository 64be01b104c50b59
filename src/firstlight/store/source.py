"""Sources as they are stored: what was stated of them, how reading them went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from firstlight.guard.custody import read_time
from firstlight.model.media import Outcome
from firstlight.store.case import case_names
from firstlight.store.current import (
    SEARCHING,
    count_distinct,
    current_matches,
    has_trouble,
    is_current_sighting,
    is_not_erased,
)
from firstlight.store.database import Reader
from firstlight.store.schema import event, run, sighting, source, source_statement
from firstlight.store.sealing import keyed_hash, open_fields


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source with what was last stated of it; None is "not stated"."""

    source_id: int
    case_id: int
    case_name: str
    path: bytes
    kind: str
    exhibit: str | None
    custodian: str | None
    legal_basis: str | None
    received_at: str | None
    added_at: datetime


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What a source holds, counted over current sightings.

    Args:
        files: Every regular file met, archive members included.
        media: Distinct contents.
        matched_media: Those that a list for investigation or removal knows.
    """

    files: int
    media: int
    matched_media: int
    read: int
    failed: int
    not_opened: int
    skipped: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One line about a run: begun, ended or interrupted."""

    run_id: int
    source_id: int
    state: str
    counts: dict[str, Any]
    begun_run_id: int | None


def _select_source() -> Select[Any]:
    said = source_statement
    later = source_statement.alias("later_statement")
    newer = and_(
        later.c.source_id == said.c.source_id,
        later.c.source_statement_id > said.c.source_statement_id,
    )
    is_newest = ~select(later.c.source_id).where(newer).exists()
    return (
        select(
            source.c.source_id,
            source.c.case_id,
            source.c.kind,
            source.c.sealed,
            said.c.source_statement_id,
            said.c.sealed.label("said"),
            event.c.at.label("added_at"),
        )
        .join(event, event.c.event_seq == source.c.event_seq)
        .join(said, and_(said.c.source_id == source.c.source_id, is_newest), isouter=True)
        .where(is_not_erased(source.c.case_id))
    )


def find_source(reader: Reader, case_id: int, path: bytes) -> SourceRow | None:
    """Find a source of a case by its exact path."""
    path_mac = keyed_hash(reader, "source", "path_mac", case_id, path)
    here = and_(source.c.case_id == case_id, source.c.path_mac == path_mac)
    found = reader.fetch(_select_source().where(here))
    return _source_row(reader, found[0], case_names(reader)) if found else None


def list_sources(reader: Reader, case_id: int | None = None) -> list[SourceRow]:
    """List the sources of a case, or of all, in the order they were added."""
    statement = _select_source().order_by(source.c.source_id)
    if case_id is not None:
        statement = statement.where(source.c.case_id == case_id)
    names = case_names(reader)
    return [_source_row(reader, row, names) for row in reader.fetch(statement)]


def _source_row(reader: Reader, row: Any, names: dict[int, str]) -> SourceRow:
    opened = open_fields(reader, "source", row.case_id, row.source_id, row.sealed)
    said: dict[str, Any] = dict.fromkeys(("exhibit", "custodian", "legal_basis", "received_at"))
    if row.said is not None:
        number = row.source_statement_id
        said = open_fields(reader, "source_statement", row.case_id, number, row.said)
    return SourceRow(
        source_id=row.source_id,
        case_id=row.case_id,
        case_name=names[row.case_id],
        path=opened["path"],
        kind=row.kind,
        added_at=read_time(row.added_at),
        **said,
    )


def count_source(reader: Reader, source_id: int) -> SourceCounts:
    """Count what a source holds.

    Cost: one pass over the source's sightings.
    """
    counted = [
        func.count(case((condition, 1)))
        for condition in (
            sighting.c.outcome == Outcome.READ,
            has_trouble(),
            sighting.c.outcome == Outcome.NOT_OPENED,
            sighting.c.outcome == Outcome.SKIPPED,
        )
    ]
    here = and_(sighting.c.source_id == source_id, is_current_sighting())
    totals = reader.fetch(
        select(func.count(), count_distinct(sighting.c.media_id), *counted).where(here)
    )[0]
    matched = select(current_matches(SEARCHING).subquery().c.media_id).distinct()
    known = reader.fetch(
        select(count_distinct(sighting.c.media_id)).where(here, sighting.c.media_id.in_(matched))
    )[0][0]
    files, media, read, failed, not_opened, skipped = totals
    return SourceCounts(files, media, known, read, failed, not_opened, skipped)


def last_run(reader: Reader, source_id: int) -> RunRow | None:
    """Read the newest line about a run of a source."""
    found = reader.fetch(
        select(run).where(run.c.source_id == source_id).order_by(run.c.run_id.desc()).limit(1)
    )
    if not found:
        return None
    row = found[0]
    counts = json.loads(row.counts) if row.counts else {}
    return RunRow(row.run_id, row.source_id, row.state, counts, row.begun_run_id)
