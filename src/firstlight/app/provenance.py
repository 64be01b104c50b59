"""What is known of how one media's values came to be, and the form in which it is said."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from firstlight.app.finding import is_compared
from firstlight.guard.custody import write_time
from firstlight.model.event import Event
from firstlight.store.case import case_names
from firstlight.store.child import children_of
from firstlight.store.custody_log import opened_purposes
from firstlight.store.database import Reader
from firstlight.store.fingerprint import StoredReading, load_readings
from firstlight.store.judgement import JudgementRow, list_judgements
from firstlight.store.kept import KeptRow, kept_of_media
from firstlight.store.provenance import (
    NearCopyOrigin,
    events_numbered,
    judgement_events,
    match_events,
    media_event,
    near_copy_origins,
    run_settings,
    version_events,
)
from firstlight.store.record import MediaRecord, load_records
from firstlight.store.sighting import SightingRow, containers_of
from firstlight.store.source import list_sources

DOUBTFUL = ("deleted", "unallocated")
"""Allocations of which the bytes may be another file's."""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """All that is said of one media, before it is put into words."""

    record: MediaRecord
    reading: StoredReading | None
    near: list[NearCopyOrigin]
    judgements: list[JudgementRow]
    children: list[str]
    kept: list[tuple[int, KeptRow]]
    doubtful_containers: Mapping[int, list[SightingRow]]
    case_names: Mapping[int, str]
    exhibits: Mapping[int, str | None]
    is_compared: bool
    first_seq: int
    match_seqs: Mapping[int, int]
    judgement_seqs: Mapping[int, int]
    versions: Mapping[int, tuple[int, str | None]]
    runs: Mapping[int, tuple[int, dict[str, Any]]]
    events: Mapping[int, Event] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)

    def event_numbers(self) -> list[int]:
        """Number every event that is named."""
        found = {self.first_seq, *self.match_seqs.values(), *self.judgement_seqs.values()}
        found.update(one.event_seq for one in self.record.sightings)
        found.update(one.event_seq for one in self.near)
        found.update(seq for seq, _ in (*self.versions.values(), *self.runs.values()))
        found.update(seq for seq, _ in self.kept)
        found.update(
            one.event_seq for inside in self.doubtful_containers.values() for one in inside
        )
        if self.reading is not None:
            found.add(self.reading.event_seq)
        return sorted(found - {0})


class Section:
    """One section of the account: sentences from its table, then its limits."""

    def __init__(self, name: str, facts: MediaFacts) -> None:
        self._name, self._facts = name, facts
        self._words: Mapping[str, Any] = words()[name]
        self._sentences: list[str] = []

    def say(self, key: str, *, event: int | None = None, **values: object) -> None:
        """Add a sentence; ``event`` becomes who, when and with what."""
        if event is not None:
            values["event"] = self._event(event)
        shown = {name: printable(value) for name, value in values.items()}
        self._sentences.append(self._words[key].format(**shown))

    def _event(self, number: int) -> str:
        event = self._facts.events.get(number)
        if event is None:
            return str(words()["event"]["absent"].format(event=number))
        purpose = self._facts.purposes.get(event.purpose or "", event.purpose) or "not stated"
        return str(
            words()["event"]["said"].format(
                event=number,
                action=event.action,
                at=write_time(event.at),
                actor=event.actor,
                tool=event.tool,
                purpose=purpose,
            )
        )

    def document(self) -> dict[str, Any]:
        """Give the section."""
        return {
            "section": self._name,
            "title": self._words["title"],
            "sentences": self._sentences,
            "limits": list(self._words.get("limits", ())),
        }


def printable(value: object) -> object:
    """Escape what a terminal would obey: tags and names come from seized material."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in value)


@cache
def words() -> Mapping[str, Any]:
    """Read the table of words."""
    return tomllib.loads(files("firstlight.app").joinpath("explanation.toml").read_text("utf-8"))


def gather(reader: Reader, media_id: str) -> MediaFacts:
    """Read all that is to be explained of one media."""
    record = load_records(reader, [media_id])[0]
    reading = load_readings(reader, [media_id]).get(media_id)
    run_ids = {row.run_id for row in record.sightings if row.run_id is not None}
    judgements = [
        row
        for kind, subject in (
            ("media", media_id),
            *(("sighting", str(row.sighting_id)) for row in record.sightings),
        )
        for row in list_judgements(reader, kind, subject)
    ]
    facts = MediaFacts(
        record=record,
        reading=reading,
        near=near_copy_origins(reader, media_id),
        judgements=judgements,
        children=list(children_of(reader, "media", media_id)),
        kept=kept_of_media(reader, media_id),
        doubtful_containers={
            row.sighting_id: [
                one for one in containers_of(reader, row) if one.facts.allocation in DOUBTFUL
            ]
            for row in record.sightings
        },
        case_names=case_names(reader),
        exhibits={row.source_id: row.exhibit for row in list_sources(reader)},
        is_compared=is_compared(reader),
        first_seq=media_event(reader, media_id),
        match_seqs=match_events(reader, [row.match_id for row in record.matches]),
        judgement_seqs=judgement_events(reader, [row.judgement_id for row in judgements]),
        versions=version_events(reader, [row.list_version_id for row in record.matches]),
        runs=run_settings(reader, run_ids),
        purposes={name: one["purpose"] for name, one in opened_purposes(reader)},
    )
    return replace(facts, events=events_numbered(reader, facts.event_numbers()))
