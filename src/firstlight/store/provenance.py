"""Which events recorded what is known of one media."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from firstlight.model.event import Event
from firstlight.store import schema
from firstlight.store.current import blocks
from firstlight.store.database import Reader
from firstlight.store.event import read_event


@dataclass(frozen=True, slots=True)
class NearCopyOrigin:
    """A near-copy of a media, with the event that recorded the pair."""

    media_id: str
    distance_bits: int
    variant: str
    event_seq: int


def events_numbered(reader: Reader, numbers: Iterable[int]) -> dict[int, Event]:
    """Give events by number; those that are not there are absent."""
    table, found = schema.event, {}
    for block in blocks(sorted(set(numbers))):
        for row in reader.fetch(select(table).where(table.c.event_seq.in_(block))):
            event = read_event(row)
            found[event.event_seq] = event
    return found


def media_event(reader: Reader, media_id: str) -> int:
    """Number the event that recorded a content first; 0 where there is none."""
    table = schema.media
    found = reader.fetch(select(table.c.event_seq).where(table.c.media_id == media_id))
    return int(found[0][0]) if found else 0


def match_events(reader: Reader, match_ids: Sequence[int]) -> dict[int, int]:
    """Number the event of each match."""
    table, found = schema.match, {}
    for block in blocks(match_ids):
        statement = select(table.c.match_id, table.c.event_seq)
        for row in reader.fetch(statement.where(table.c.match_id.in_(block))):
            found[row.match_id] = row.event_seq
    return found


def version_events(reader: Reader, version_ids: Iterable[int]) -> dict[int, tuple[int, str | None]]:
    """Give event, and digest of the imported file, of each version of a list."""
    table, found = schema.list_version, {}
    for block in blocks(sorted(set(version_ids))):
        for row in reader.fetch(select(table).where(table.c.list_version_id.in_(block))):
            digest = row.file_sha256.hex() if row.file_sha256 else None
            found[row.list_version_id] = (row.event_seq, digest)
    return found


def near_copy_origins(reader: Reader, media_id: str) -> list[NearCopyOrigin]:
    """Give the near-copies of a media, the nearest first, with their events."""
    table = schema.near_copy
    one, other = table.c.media_id_a, table.c.media_id_b
    statement = select(table).where(or_(one == media_id, other == media_id))
    return [
        NearCopyOrigin(
            row.media_id_b if row.media_id_a == media_id else row.media_id_a,
            row.distance_bits,
            row.variant,
            row.event_seq,
        )
        for row in reader.fetch(statement.order_by(table.c.distance_bits, table.c.near_copy_id))
    ]


def judgement_events(reader: Reader, judgement_ids: Sequence[int]) -> dict[int, int]:
    """Number the event of each judgement."""
    table, found = schema.judgement, {}
    for block in blocks(judgement_ids):
        statement = select(table.c.judgement_id, table.c.event_seq)
        for row in reader.fetch(statement.where(table.c.judgement_id.in_(block))):
            found[row.judgement_id] = row.event_seq
    return found


def run_settings(reader: Reader, run_ids: Iterable[int]) -> dict[int, tuple[int, dict[str, Any]]]:
    """Give event and settings of each run."""
    table, found = schema.run, {}
    for block in blocks(sorted(set(run_ids))):
        for row in reader.fetch(select(table).where(table.c.run_id.in_(block))):
            settings = json.loads(row.settings) if row.settings else {}
            found[row.run_id] = (row.event_seq, settings)
    return found
