"""The custody log stays a chain, and every change of it is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.store import store_sample as sample

from firstlight.guard.custody import ACTIONS, GENESIS_SHA256, check_chain, sha256_of
from firstlight.model.event import Event
from firstlight.store.database import Store
from firstlight.store.event import event_page
from firstlight.store.verification import verify_store

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)


@st.composite
def chains(draw: st.DrawFn, least: int = 1) -> list[Event]:
    events: list[Event] = []
    previous = GENESIS_SHA256
    for seq in range(1, draw(st.integers(least, 8)) + 1):
        event = Event(
            event_seq=seq,
            at=START + timedelta(microseconds=draw(st.integers(0, 10**12))),
            actor=draw(TEXTS),
            purpose=draw(st.none() | TEXTS),
            tool=draw(TEXTS),
            action=draw(st.sampled_from(sorted(ACTIONS))),
            inputs=draw(TEXTS),
            outputs=draw(TEXTS),
            previous_sha256=previous,
            sha256=b"",
        )
        event = replace(event, sha256=sha256_of(event))
        previous = event.sha256
        events.append(event)
    return events


def other(value: object) -> object:
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    return value + 1 if isinstance(value, int) else f"{value}."


@given(chains())
def test_a_chain_is_whole(events: list[Event]) -> None:
    assert check_chain(events) is None


@given(chains(), st.data())
def test_any_altered_field_breaks_it(events: list[Event], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(events) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(Event)]))
    altered = replace(events[place], **{name: other(getattr(events[place], name))})
    found = check_chain([*events[:place], altered, *events[place + 1 :]])
    assert found is not None
    assert found.event_seq is not None
    assert found.event_seq <= place + 2


@given(chains(), st.data())
def test_an_event_rewritten_with_its_digest_breaks_the_next(
    events: list[Event], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(events) - 1))
    altered = replace(events[place], actor=events[place].actor + "!")
    altered = replace(altered, sha256=sha256_of(altered))
    found = check_chain([*events[:place], altered, *events[place + 1 :]])
    assert (found is None) == (place == len(events) - 1)


@given(chains(least=3), st.data())
def test_removal_inside_and_reordering_break_it(events: list[Event], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(events) - 2))
    assert check_chain(events[:place] + events[place + 1 :]) is not None
    swapped = list(events)
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    assert check_chain(swapped) is not None


REALS = st.none() | st.floats() | st.integers(-(10**30), 10**30)
READINGS = st.fixed_dictionaries(
    {
        "width_px": st.none() | st.integers(-(1 << 70), 1 << 70),
        "duration_s": REALS,
        "is_truncated": st.booleans(),
        "has_thumbnail": st.booleans(),
        "pipeline": st.text(st.characters(), max_size=6),
    }
)
CONTENTS = st.fixed_dictionaries(
    {
        "reader": st.text(max_size=6),
        "reader_version": st.just("1"),
        "has_place": st.booleans(),
        "has_time": st.booleans(),
        "maker": st.none() | st.text(st.characters(), max_size=6),
        "body_serial_key": st.none() | st.text(st.characters(), max_size=6),
        "latitude_deg": REALS,
        "clocks": st.none() | st.lists(st.text(max_size=3) | st.integers() | st.booleans()),
        "has_differing_thumbnail": st.none() | st.booleans(),
        "tags": st.binary(max_size=9),
    }
)
SETTINGS = st.none() | st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3))
ROWS = st.tuples(READINGS, CONTENTS, SETTINGS)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with TemporaryDirectory() as place, sample.new_store(Path(place)) as opened:
        sample.ingest(opened, sample.add_source(opened), sample.report(1))
        yield opened


PLAIN_ROW = (
    {
        "duration_s": -0.0,
        "is_truncated": False,
        "has_thumbnail": False,
        "pipeline": "",
    },
    {
        "reader": "",
        "reader_version": "1",
        "has_place": True,
        "has_time": False,
        "maker": None,
        "latitude_deg": -0.0,
        "clocks": None,
        "has_differing_thumbnail": None,
        "tags": b"",
    },
    None,
)
"""A place on the equator, south: once written, it did not verify (SQLite keeps no -0.0)."""


Row = tuple[dict[str, object], dict[str, object], dict[str, object] | None]


@settings(max_examples=25, deadline=None)
@example(batches=[[PLAIN_ROW]])
@given(batches=st.lists(st.lists(ROWS, max_size=4), min_size=1, max_size=4))
def test_whatever_is_written_verifies(store: Store, batches: list[list[Row]]) -> None:
    name = sample.media_id(1)
    with store.transaction() as tx:
        for rows in batches:
            with tx.event(sample.ACTOR, "re-read") as ev:
                for reading, contents, run_settings in rows:
                    run = {"source_id": 1, "state": "begun", "settings": run_settings}
                    run_id = ev.add("run", run)
                    read = {"media_id": name, "run_id": run_id}
                    reading_id = ev.add("reading", {**reading, **read})
                    place = {"media_id": name, "reading_id": reading_id, "case_id": 1}
                    ev.add("metadata", {**contents, **place})
    assert verify_store(store) == []
    assert check_chain(event_page(store, limit=10_000)) is None
