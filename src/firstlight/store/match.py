"""Matches as they are stored; only those of entries and lists in force count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from firstlight.model.hashlist import ListPurpose
from firstlight.store.current import (
    SEARCHING,
    blocks,
    current_matches,
    is_current_entry,
    is_live,
    lists_in_force,
    media_seen,
)
from firstlight.store.database import Reader
from firstlight.store.item import read_pairs
from firstlight.store.schema import entry, list_version, match, match_progress

_KEY = ("media_id", "entry_id", "algorithm", "frame_index")


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A match in force, with what the list says of its entry.

    Args:
        list_version_id, version_number: Of the list as it stood when they were compared.
        origin: ``partner``, or ``derived`` for an entry of our own.
    """

    media_id: str
    match_id: int
    entry_id: int
    list_id: int
    list_name: str
    list_version_id: int
    version_number: int
    purpose: ListPurpose
    entry_key: str
    scheme: str | None
    category_code: str | None
    marks: tuple[tuple[str, str], ...]
    origin: str
    derived_from: str | None
    algorithm: str
    distance_bits: int
    variant: str
    route: str | None
    frame_index: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to which records everything has been compared with everything."""

    last_pdq_id: int = 0
    last_media_seq: int = 0
    last_entry_id: int = 0


def only_new_matches(reader: Reader, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Drop the matches that are recorded already, and repeats among the given ones."""
    known: set[tuple[Any, ...]] = set()
    columns = [match.c[name] for name in _KEY]
    for block in blocks(dict.fromkeys(row["media_id"] for row in rows)):
        statement = select(*columns).where(match.c.media_id.in_(block))
        known.update(tuple(found) for found in reader.fetch(statement))
    fresh = []
    for row in rows:
        key = tuple(row[name] for name in _KEY)
        if key not in known:
            known.add(key)
            fresh.append(row)
    return fresh


def matches_of(reader: Reader, media_ids: Iterable[str]) -> dict[str, list[MatchRow]]:
    """Give the matches in force of media, nearest first; media without one are absent."""
    found: dict[str, list[MatchRow]] = defaultdict(list)
    in_force = lists_in_force()
    statement = (
        select(
            match,
            in_force.c.list_id,
            in_force.c.name,
            in_force.c.purpose,
            list_version.c.version_number,
            entry.c.entry_key,
            entry.c.scheme,
            entry.c.category_code,
            entry.c.marks,
            entry.c.origin,
            entry.c.derived_from,
        )
        .join(entry, entry.c.entry_id == match.c.entry_id)
        .join(in_force, in_force.c.list_id == entry.c.list_id)
        .join(list_version, list_version.c.list_version_id == match.c.list_version_id)
        .where(is_current_entry(), match.c.distance_bits <= in_force.c.radius_bits)
        .order_by(match.c.distance_bits, match.c.match_id)
    )
    for block in blocks(media_ids):
        for row in reader.fetch(statement.where(match.c.media_id.in_(block))):
            found[row.media_id].append(_match_row(row))
    return dict(found)


def _match_row(row: Any) -> MatchRow:
    return MatchRow(
        media_id=row.media_id,
        match_id=row.match_id,
        entry_id=row.entry_id,
        list_id=row.list_id,
        list_name=row.name,
        list_version_id=row.list_version_id,
        version_number=row.version_number,
        purpose=ListPurpose(row.purpose),
        entry_key=row.entry_key,
        scheme=row.scheme,
        category_code=row.category_code,
        marks=read_pairs(row.marks),
        origin=row.origin,
        derived_from=row.derived_from,
        algorithm=row.algorithm,
        distance_bits=row.distance_bits,
        variant=row.variant,
        route=row.route,
        frame_index=row.frame_index,
    )


def matched_media(
    reader: Reader,
    *,
    case_id: int | None = None,
    source_id: int | None = None,
    purposes: Sequence[str] = SEARCHING,
) -> set[str]:
    """Give the media of a case, of a source, or of all, that a list in force knows."""
    statement = current_matches(purposes)
    if case_id is not None or source_id is not None:
        seen = media_seen(case_id=case_id, source_id=source_id)
        statement = statement.where(match.c.media_id.in_(seen))
    else:
        statement = statement.where(is_live(match.c.media_id))
    return {row.media_id for row in reader.stream(statement)}


def progress_of_matching(reader: Reader) -> Progress:
    """Read up to which records everything has been compared."""
    found = reader.fetch(
        select(
            match_progress.c.last_pdq_id,
            match_progress.c.last_media_seq,
            match_progress.c.last_entry_id,
        )
        .order_by(match_progress.c.match_progress_id.desc())
        .limit(1)
    )
    return Progress(*found[0]) if found else Progress()
