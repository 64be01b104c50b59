"""Which rows count: records are only added, so the newest of a thing stands for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select
from sqlalchemy.sql.selectable import Subquery

from firstlight.model.hashlist import ListPurpose
from firstlight.model.media import Outcome
from firstlight.store.schema import (
    case_erasure,
    entry,
    failure,
    hash_list,
    list_version,
    match,
    metadata,
    reading,
    sighting,
    source,
)

IN_BLOCK = 900
"""Values in one ``IN`` clause: below the smallest bound any SQLite was built with."""

SEARCHING = (ListPurpose.INVESTIGATION, ListPurpose.REMOVAL)
"""Purposes of lists of which a match says something about a media."""

T = TypeVar("T")


def blocks(values: Iterable[T], size: int = IN_BLOCK) -> Iterator[list[T]]:
    """Cut values into lists of a bounded size."""
    rest = iter(values)
    while block := list(islice(rest, size)):
        yield block


def is_not_erased(case_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The case was not erased."""
    return case_id.not_in(select(case_erasure.c.case_id))


def is_current_sighting(table: FromClause = sighting) -> ColumnElement[bool]:
    """No later record takes the place of this sighting, and its case was not erased."""
    later = sighting.alias("later_sighting")
    replaced = select(later.c.sighting_id).where(later.c.supersedes == table.c.sighting_id)
    return and_(~replaced.exists(), is_not_erased(table.c.case_id))


def has_trouble(table: FromClause = sighting) -> ColumnElement[bool]:
    """Something went wrong with an item that is not merely of a kind which is not opened."""
    failed = select(failure.c.failure_id).where(failure.c.sighting_id == table.c.sighting_id)
    return or_(
        table.c.outcome == Outcome.FAILED,
        and_(table.c.outcome == Outcome.READ, failed.exists()),
    )


def is_readable_metadata(table: FromClause = metadata) -> ColumnElement[bool]:
    """The first copy of a reading's metadata that lies in a case which was not erased."""
    earlier = metadata.alias("earlier_metadata")
    same = and_(
        earlier.c.reading_id == table.c.reading_id,
        earlier.c.metadata_id < table.c.metadata_id,
        is_not_erased(earlier.c.case_id),
    )
    return and_(is_not_erased(table.c.case_id), ~select(earlier.c.metadata_id).where(same).exists())


def is_live(media_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The media was seen in a case that was not erased; asks nothing where none was."""
    seen = sighting.alias("live_sighting")
    live = select(seen.c.sighting_id).where(
        seen.c.media_id == media_id, is_not_erased(seen.c.case_id)
    )
    return or_(_is_nothing_erased(), live.exists())


def _is_nothing_erased() -> ColumnElement[bool]:
    return ~select(case_erasure.c.case_erasure_id).exists()


def _is_live_reading(reading_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """A case that was not erased has the reading; asks nothing where none was."""
    held = metadata.alias("live_metadata")
    live = select(held.c.metadata_id).where(
        held.c.reading_id == reading_id, is_not_erased(held.c.case_id)
    )
    # It is asked inside another query as well, and means that one's outermost rows.
    return or_(_is_nothing_erased(), live.correlate_except(held).exists())


def is_current_reading(reading_id: ColumnElement[Any], media_id: Any) -> ColumnElement[bool]:
    """The newest of the media's readings that a case which was not erased has, else of all."""
    other = reading.alias("other_reading")
    theirs, ours = _is_live_reading(other.c.reading_id), _is_live_reading(reading_id)
    later = and_(other.c.reading_id > reading_id, or_(theirs, ~ours))
    earlier = and_(other.c.reading_id < reading_id, theirs, ~ours)
    better = and_(other.c.media_id == media_id, or_(later, earlier))
    return ~select(other.c.reading_id).where(better).exists()


def is_current_entry(table: FromClause = entry) -> ColumnElement[bool]:
    """Neither withdrawn nor replaced by a later row of the same key."""
    later = entry.alias("later_entry")
    replaced = select(later.c.entry_id).where(later.c.supersedes == table.c.entry_id).exists()
    return and_(table.c.is_withdrawn.is_(False), ~replaced)


def lists_in_force(purposes: Sequence[str] | None = None) -> Subquery:
    """Give the newest version of each list that is not withdrawn, with the list's name."""
    later = list_version.alias("later_version")
    newer = and_(
        later.c.list_id == list_version.c.list_id,
        later.c.list_version_id > list_version.c.list_version_id,
    )
    statement = (
        select(list_version, hash_list.c.name)
        .join(hash_list, hash_list.c.list_id == list_version.c.list_id)
        .where(list_version.c.state == "imported")
        .where(~select(later.c.list_version_id).where(newer).exists())
    )
    if purposes is not None:
        statement = statement.where(list_version.c.purpose.in_([str(p) for p in purposes]))
    return statement.subquery("list_in_force")


def current_matches(purposes: Sequence[str] | None = None) -> Select[Any]:
    """Select the matches whose entry is current and whose list is in force: (media, entry)."""
    in_force = lists_in_force(purposes)
    return (
        select(match.c.media_id, match.c.entry_id)
        .join(entry, entry.c.entry_id == match.c.entry_id)
        .join(in_force, in_force.c.list_id == entry.c.list_id)
        .where(is_current_entry(), match.c.distance_bits <= in_force.c.radius_bits)
    )


def media_seen(*, case_id: int | None = None, source_id: int | None = None) -> Select[Any]:
    """Select the distinct media of current sightings of a case, of a source, or of all."""
    statement = select(sighting.c.media_id).where(
        sighting.c.media_id.is_not(None), is_current_sighting()
    )
    if source_id is not None:
        statement = statement.where(sighting.c.source_id == source_id)
    if case_id is not None:
        statement = statement.where(
            sighting.c.source_id.in_(select(source.c.source_id).where(source.c.case_id == case_id))
        )
    return statement.distinct()


def count_distinct(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Count different values."""
    return func.count(func.distinct(column))
