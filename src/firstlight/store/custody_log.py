"""The custody log read as a whole: digests one by one, events in their written form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, or_, select, union

from firstlight.errors import CaseErasedError, KeyMissingError
from firstlight.guard.custody import sha256_of
from firstlight.model.event import Event
from firstlight.store import schema
from firstlight.store.database import Reader
from firstlight.store.event import event_page, read_event
from firstlight.store.sealing import open_fields

PAGE = 1000
_MEDIA_COLUMNS = ("media_id", "media_id_a", "media_id_b", "derived_media_id")


def event_digests(
    reader: Reader, *, after_seq: int = 0, to_seq: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Give number and digest of every event, oldest first, as they are stored."""
    table = schema.event
    statement = select(table.c.event_seq, table.c.sha256).where(table.c.event_seq > after_seq)
    if to_seq is not None:
        statement = statement.where(table.c.event_seq <= to_seq)
    for seq, digest in reader.stream(statement.order_by(table.c.event_seq)):
        yield seq, bytes(digest)


def event_at(reader: Reader, event_seq: int) -> Event | None:
    """Give one event; None when there is none of that number."""
    table = schema.event
    found = reader.fetch(select(table).where(table.c.event_seq == event_seq))
    return read_event(found[0]) if found else None


def all_events(reader: Reader, *, to_seq: int) -> Iterator[Event]:
    """Give every event, oldest first, in bounded memory."""
    table = schema.event
    statement = select(table).where(table.c.event_seq <= to_seq).order_by(table.c.event_seq)
    for row in reader.stream(statement):
        yield read_event(row)


def events_of_actions(reader: Reader, actions: Sequence[str]) -> Iterator[Event]:
    """Give every event of some actions, oldest first."""
    table = schema.event
    statement = select(table).where(table.c.action.in_(actions)).order_by(table.c.event_seq)
    for row in reader.stream(statement):
        yield read_event(row)


def is_whole(event: Event) -> bool:
    """Whether an event is what its digest says."""
    return sha256_of(event) == event.sha256


def events_of_case(reader: Reader, case_id: int) -> frozenset[int]:
    """Number the events that concern a case.

    That is each that wrote a record which names the case, one of its sources or sightings, or a
    media that was seen in it (matches and near-copies with it); each that wrote a judgement of,
    or a child's link to, one of these; and each of which the inputs name the case.
    """
    parts = [
        select(table.c.event_seq).where(condition)
        for table in schema.METADATA.tables.values()
        if "event_seq" in table.c and table.name != "event"
        for condition in _conditions(table.name, case_id)
    ]
    parts.append(_judged(case_id))
    found = {int(row[0]) for row in reader.fetch(union(*parts))}
    return frozenset(found.union(_linked(reader, case_id), _named(reader, case_id)))


def _judged(case_id: int) -> Select[tuple[int]]:
    table = schema.judgement
    sightings = select(cast(schema.sighting.c.sighting_id, Text)).where(
        schema.sighting.c.source_id.in_(_sources(case_id))
    )
    is_of_case = or_(
        and_(table.c.subject_kind == "sighting", table.c.subject.in_(sightings)),
        and_(table.c.subject_kind == "media", table.c.subject.in_(_media(case_id))),
        and_(table.c.subject_kind == "case", table.c.subject == str(case_id)),
    )
    return select(table.c.event_seq).where(is_of_case)


def _linked(reader: Reader, case_id: int) -> Iterator[int]:
    """Number the events that linked a child to a case or its media: the subject is sealed."""
    table = schema.child_link
    for row in reader.fetch(select(table)):
        try:
            opened = open_fields(reader, table.name, None, row.child_link_id, row.sealed)
        except KeyMissingError:
            return
        if row.subject_kind == "case":
            is_of_case = opened["subject"] == str(case_id)
        else:
            media = _media(case_id).where(schema.sighting.c.media_id == opened["subject"])
            is_of_case = bool(reader.fetch(media.limit(1)))
        if is_of_case:
            yield int(row.event_seq)


def _named(reader: Reader, case_id: int) -> Iterator[int]:
    """Number the events whose inputs name a case (one that is refused writes no record), or all."""
    table = schema.event
    statement = select(table.c.event_seq, table.c.inputs, table.c.action)
    is_named = or_(table.c.inputs.contains('"case'), table.c.action == "erased-kept")
    for seq, text, action in reader.fetch(statement.where(is_named)):
        inputs = json.loads(text)
        cases = inputs.get("cases")
        is_listed = isinstance(cases, list) and case_id in cases
        if is_listed or inputs.get("case") == case_id or action == "erased-kept":
            yield int(seq)


def _conditions(table_name: str, case_id: int) -> list[ColumnElement[bool]]:
    table = schema.METADATA.tables[table_name]
    if "case_id" in table.c:
        return [table.c.case_id == case_id]
    if "source_id" in table.c:
        return [table.c.source_id.in_(_sources(case_id))]
    if "sighting_id" in table.c:
        return [table.c.sighting_id.in_(_sightings(case_id))]
    return [table.c[name].in_(_media(case_id)) for name in _MEDIA_COLUMNS if name in table.c]


def _sources(case_id: int) -> Select[tuple[int]]:
    return select(schema.source.c.source_id).where(schema.source.c.case_id == case_id)


def _media(case_id: int) -> Select[tuple[Any]]:
    seen = schema.sighting
    return select(seen.c.media_id).where(seen.c.source_id.in_(_sources(case_id)))


def _sightings(case_id: int) -> Select[tuple[int]]:
    seen = schema.sighting
    return select(seen.c.sighting_id).where(seen.c.source_id.in_(_sources(case_id)))


def event_page_of(
    reader: Reader,
    *,
    after_seq: int,
    limit: int,
    action: str | None = None,
    among: frozenset[int] | None = None,
) -> list[Event]:
    """Give one page of the log, oldest first: of one action, or of a set of numbers."""
    found: list[Event] = []
    while len(found) < limit:
        page = event_page(reader, after_seq=after_seq, limit=PAGE, action=action)
        found.extend(one for one in page if among is None or one.event_seq in among)
        if len(page) < PAGE:
            break
        after_seq = page[-1].event_seq
    return found[:limit]


def opened_purposes(reader: Reader) -> Iterator[tuple[str, dict[str, str]]]:
    """Give every stated purpose that can be opened: its digest, and salt and text beside it."""
    table = schema.stated_purpose
    for row in reader.fetch(select(table).order_by(table.c.stated_purpose_id)):
        try:
            fields = open_fields(reader, table.name, row.case_id, row.stated_purpose_id, row.sealed)
        except (CaseErasedError, KeyMissingError):
            continue
        yield (
            row.purpose_sha256,
            {
                "sha256": row.purpose_sha256,
                "salt": fields["salt"].hex(),
                "purpose": fields["purpose"],
            },
        )
