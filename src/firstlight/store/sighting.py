"""Sightings as they are stored; an item's newest record stands for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from firstlight.model.media import Failure, FileFacts, Locator, Outcome
from firstlight.store.current import blocks, is_current_sighting
from firstlight.store.database import Reader
from firstlight.store.schema import failure, sighting
from firstlight.store.schema.intake import TIME_FIELDS
from firstlight.store.sealing import keyed_hash, open_fields


@dataclass(frozen=True, slots=True)
class SeenItem:
    """What a run needs to know of an item that was recorded before."""

    sighting_id: int
    item_key: bytes
    path: bytes
    members: tuple[bytes, ...]
    facts: FileFacts
    outcome: Outcome
    media_id: str | None
    has_failure: bool
    has_retryable_failure: bool
    member_count: int | None


@dataclass(frozen=True, slots=True)
class SightingRow:
    """One place where a content was seen, and what went wrong there."""

    sighting_id: int
    source_id: int
    case_id: int
    locator: Locator
    facts: FileFacts
    outcome: Outcome
    media_id: str | None
    named_mime: str | None
    member_count: int | None
    supersedes: int | None
    is_changed: bool
    failures: tuple[Failure, ...]
    reader: str = "folder"
    run_id: int | None = None
    event_seq: int = 0


def seen_items(reader: Reader, source_id: int) -> Iterator[SeenItem]:
    """Give every item of a source that is recorded, in the order of recording.

    Cost: streams; about 10 us an item.
    """
    own = failure.c.sighting_id == sighting.c.sighting_id
    has_failure = select(failure.c.failure_id).where(own).exists()
    has_retryable = select(failure.c.failure_id).where(own, failure.c.retryable.is_(True)).exists()
    statement = (
        select(sighting, has_failure.label("failed"), has_retryable.label("again"))
        .where(sighting.c.source_id == source_id, is_current_sighting())
        .order_by(sighting.c.sighting_id)
    )
    for row in reader.stream(statement):
        locator, facts = _opened(reader, row)
        yield SeenItem(
            sighting_id=row.sighting_id,
            item_key=locator.key,
            path=locator.path,
            members=locator.members,
            facts=facts,
            outcome=Outcome(row.outcome),
            media_id=row.media_id,
            has_failure=bool(row.failed),
            has_retryable_failure=bool(row.again),
            member_count=row.member_count,
        )


def sightings_of(reader: Reader, media_ids: Iterable[str]) -> dict[str, list[SightingRow]]:
    """Give the current sightings of media, in all cases; media without one are absent."""
    found: dict[str, list[SightingRow]] = defaultdict(list)
    for block in blocks(media_ids):
        for row in _load(reader, sighting.c.media_id.in_(block)):
            found[row.media_id or ""].append(row)
    return dict(found)


def containers_of(reader: Reader, row: SightingRow) -> list[SightingRow]:
    """Give the members of an archive or image in which an item lies, outermost first."""
    place = row.locator
    depths = range(1, len(place.members))
    keys = [Locator(place.path, place.members[:n], place.ordinals[:n]).key for n in depths]
    macs = [keyed_hash(reader, "sighting", "item_mac", row.case_id, key) for key in keys]
    own = and_(sighting.c.source_id == row.source_id, sighting.c.item_mac.in_(macs))
    found = _load(reader, own) if macs else []
    return sorted(found, key=lambda one: len(one.locator.members))


def troubled_sightings(
    reader: Reader, *, case_id: int | None = None, source_id: int | None = None
) -> list[SightingRow]:
    """List current sightings that were not read, or in which something failed."""
    failed = select(failure.c.failure_id).where(failure.c.sighting_id == sighting.c.sighting_id)
    trouble = or_(sighting.c.outcome != Outcome.READ, failed.exists())
    return _load(reader, and_(trouble, _place(case_id, source_id)))


def misnamed_sightings(reader: Reader, case_id: int) -> list[SightingRow]:
    """List current sightings whose name claims another type than the content has."""
    return _load(reader, and_(sighting.c.named_mime.is_not(None), _place(case_id, None)))


def changed_sightings(reader: Reader, case_id: int) -> list[SightingRow]:
    """List current sightings whose bytes were others before."""
    return _load(reader, and_(sighting.c.is_changed.is_(True), _place(case_id, None)))


def load_sightings(reader: Reader) -> Iterator[SightingRow]:
    """Give all current sightings of the store, in the order of recording.

    Cost: a few queries for every thousand sightings.
    """
    after = 0
    while page := _load(reader, sighting.c.sighting_id > after, limit=1000):
        after = page[-1].sighting_id
        yield from page


def _place(case_id: int | None, source_id: int | None) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [sighting.c.sighting_id > 0]
    if case_id is not None:
        terms.append(sighting.c.case_id == case_id)
    if source_id is not None:
        terms.append(sighting.c.source_id == source_id)
    return and_(*terms)


def _select_where(condition: ColumnElement[bool]) -> Select[Any]:
    return select(sighting).where(condition, is_current_sighting()).order_by(sighting.c.sighting_id)


def _load(
    reader: Reader, condition: ColumnElement[bool], limit: int | None = None
) -> list[SightingRow]:
    rows = reader.fetch(_select_where(condition).limit(limit))
    failures = _failures_of(reader, [row.sighting_id for row in rows])
    return [_sighting(reader, row, failures.get(row.sighting_id, ())) for row in rows]


def _sighting(reader: Reader, row: Any, failures: Sequence[Failure]) -> SightingRow:
    locator, facts = _opened(reader, row)
    return SightingRow(
        sighting_id=row.sighting_id,
        source_id=row.source_id,
        case_id=row.case_id,
        locator=locator,
        facts=facts,
        outcome=Outcome(row.outcome),
        media_id=row.media_id,
        named_mime=row.named_mime,
        member_count=row.member_count,
        supersedes=row.supersedes,
        is_changed=bool(row.is_changed),
        failures=tuple(failures),
        reader=row.reader,
        run_id=row.run_id,
        event_seq=row.event_seq,
    )


def _opened(reader: Reader, row: Any) -> tuple[Locator, FileFacts]:
    opened = open_fields(reader, "sighting", row.case_id, row.sighting_id, row.sealed)
    locator = Locator(opened["path"], opened["members"] or (), opened["ordinals"] or ())
    times = {name: opened[name] for name in TIME_FIELDS}
    return locator, FileFacts(row.size_bytes, allocation=row.allocation, **times)


def _failures_of(reader: Reader, sighting_ids: Sequence[int]) -> dict[int, list[Failure]]:
    found: dict[int, list[Failure]] = defaultdict(list)
    for block in blocks(sighting_ids):
        statement = (
            select(failure).where(failure.c.sighting_id.in_(block)).order_by(failure.c.failure_id)
        )
        for row in reader.fetch(statement):
            found[row.sighting_id].append(
                Failure(row.code, row.reason, row.stage, bool(row.retryable))
            )
    return found
