"""Sources as they are stored: what was stated of them, how reading them went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from firstlight.guard.custody import read_time
from firstlight.model.media import Outcome
from firstlight.store.current import SEARCHING, count_distinct, current_matches, is_current_sighting
from firstlight.store.database import Reader
from firstlight.store.schema import case_file, event, run, sighting, source, source_statement


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
            case_file.c.name.label("case_name"),
            source.c.path,
            source.c.kind,
            said.c.exhibit,
            said.c.custodian,
            said.c.legal_basis,
            said.c.received_at,
            event.c.at.label("added_at"),
        )
        .join(case_file, case_file.c.case_id == source.c.case_id)
        .join(event, event.c.event_seq == source.c.event_seq)
        .join(said, and_(said.c.source_id == source.c.source_id, is_newest), isouter=True)
    )


def find_source(reader: Reader, case_id: int, path: bytes) -> SourceRow | None:
    """Find a source of a case by its exact path."""
    found = reader.fetch(_select_source().where(source.c.case_id == case_id, source.c.path == path))
    return _source_row(found[0]) if found else None


def list_sources(reader: Reader, case_id: int | None = None) -> list[SourceRow]:
    """List the sources of a case, or of all, in the order they were added."""
    statement = _select_source().order_by(source.c.source_id)
    if case_id is not None:
        statement = statement.where(source.c.case_id == case_id)
    return [_source_row(row) for row in reader.fetch(statement)]


def _source_row(row: Any) -> SourceRow:
    return SourceRow(**{**row._mapping, "added_at": read_time(row.added_at)})


def count_source(reader: Reader, source_id: int) -> SourceCounts:
    """Count what a source holds.

    Cost: one pass over the source's sightings.
    """
    counted = [
        func.count(case((sighting.c.outcome == outcome, 1)))
        for outcome in (Outcome.READ, Outcome.FAILED, Outcome.NOT_OPENED, Outcome.SKIPPED)
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
