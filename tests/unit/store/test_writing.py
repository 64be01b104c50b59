"""Writing: what a row may hold, and what an event attests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest
from sqlalchemy import select
from tests.unit.store import store_sample as sample

from firstlight.errors import InternalError
from firstlight.model.media import Outcome
from firstlight.store import schema
from firstlight.store.database import Store
from firstlight.store.event import event_page
from firstlight.store.rowform import canonical_row, row_form
from firstlight.store.verification import verify_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with sample.new_store(tmp_path) as opened:
        yield opened


def write(store: Store, table: str, row: dict[str, Any]) -> int:
    with store.transaction() as tx, tx.event(sample.ACTOR, "judged") as ev:
        return ev.add(table, row)


def test_an_event_attests_exactly_its_rows(store: Store) -> None:
    rows = [{"name": "Case A"}, {"name": "é"}]
    with store.transaction() as tx, tx.event(sample.ACTOR, "opened-case", {"b": b"\x01"}) as ev:
        assert ev.add_many("case_file", rows) == 2
    (event,) = event_page(store)
    packed = msgpack.packb([1, "Case A", 1]) + msgpack.packb([2, "é", 1])
    assert json.loads(event.outputs) == {"case_file": [2, sha256(packed).hexdigest()]}
    assert event.inputs == '{"b":{"hex":"01"}}'


def test_an_event_without_rows_is_an_event(store: Store) -> None:
    with store.transaction() as tx, tx.event(sample.ACTOR, "refused"):
        pass
    assert event_page(store)[0].outputs == "{}"
    assert verify_store(store) == []


def test_numbers_go_on_after_reopening(tmp_path: Path) -> None:
    numbers = []
    for name in ("a", "b"):
        with sample.new_store(tmp_path) as store:
            numbers.append(write(store, "case_file", {"name": name}))
            assert verify_store(store) == []
    assert numbers == [1, 2]


HOSTILE: dict[str, Any] = {
    "reader": "r",
    "reader_version": "\ud800\x00",
    "maker": "\U0001f600\udfff",
    "latitude_deg": float("nan"),
    "longitude_deg": float("inf"),
    "altitude_m": 3,
    "clocks": [["\ud800\x00", None, 1.5]],
    "tags": bytearray(b"\x00\xff"),
}


def test_hostile_values_are_tamed_and_still_verify(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1))
    write(store, "metadata", {"media_id": sample.media_id(1), "reading_id": 1, **HOSTILE})
    row = store.fetch(select(schema.metadata).where(schema.metadata.c.metadata_id == 2))[0]
    assert row.reader_version == "\ufffd\ufffd"
    assert row.maker == "\U0001f600\ufffd"
    assert (row.latitude_deg, row.longitude_deg, row.altitude_m) == (None, None, 3.0)
    assert row.clocks == '[["\\ud800\\u0000",null,1.5]]'
    assert row.tags == b"\x00\xff"
    assert verify_store(store) == []


def test_numbers_beyond_64_bits_are_cut(store: Store) -> None:
    source_id = sample.add_source(store)
    facts = sample.report(1).facts
    wild = type(facts)(0, mtime_ns=10**30, ctime_ns=-(10**30), inode=(1 << 64) - 1)
    sample.ingest(store, source_id, sample.report(1, facts=wild))
    row = store.fetch(select(schema.sighting))[0]
    assert (row.mtime_ns, row.ctime_ns) == ((1 << 63) - 1, -(1 << 63))
    assert row.inode == str((1 << 64) - 1)
    assert verify_store(store) == []


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("nothing", {"name": "a"}),
        ("case_file", {"title": "a"}),
        ("case_file", {}),
        ("event", {"actor": "a"}),
        ("source", {"case_id": 1, "path": "text", "kind": "folder"}),
        ("source", {"case_id": 77, "path": b"p", "kind": "folder"}),
        ("pdq", {"quality": "many"}),
    ],
)
def test_what_does_not_fit_is_our_bug(store: Store, table: str, row: dict[str, Any]) -> None:
    with pytest.raises(InternalError):
        write(store, table, row)
    assert event_page(store) == []


def test_events_are_not_nested_nor_invented_nor_reused(store: Store) -> None:
    with pytest.raises(InternalError), store.transaction() as tx:
        tx.event(sample.ACTOR, "made-up")
    with (
        pytest.raises(InternalError),
        store.transaction() as tx,
        tx.event(sample.ACTOR, "judged"),
    ):
        tx.event(sample.ACTOR, "judged")
    with store.transaction() as tx:
        with tx.event(sample.ACTOR, "judged") as ev:
            pass
        with pytest.raises(InternalError):
            ev.add("case_file", {"name": "late"})
    assert len(event_page(store)) == 1


def test_a_row_shaped_and_a_row_read_have_one_form(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1))
    form = row_form("sighting")
    with store.connection() as connection:
        raw = connection.exec_driver_sql("SELECT * FROM sighting").one()
    again = form.shape(dict(zip(form.names, raw, strict=True)) | {"members": None})
    assert canonical_row(form.restore(list(raw))) == canonical_row(again)
    assert again[form.names.index("is_changed")] is False
    assert form.shape({"outcome": Outcome.READ})[form.names.index("outcome")] == "read"


def test_many_rows_stream_through_blocks(store: Store) -> None:
    with store.transaction() as tx, tx.event(sample.ACTOR, "imported-list") as ev:
        count = ev.add_many("case_file", ({"name": str(n)} for n in range(5001)))
    assert count == 5001
    assert len(store.fetch(select(schema.case_file.c.case_id))) == 5001
    assert verify_store(store) == []


def test_two_stores_on_one_file_keep_one_chain(tmp_path: Path) -> None:
    with sample.new_store(tmp_path) as first, sample.new_store(tmp_path) as second:
        for n in range(6):
            write((first, second)[n % 2], "case_file", {"name": str(n)})
        assert verify_store(first) == []
        assert [one.event_seq for one in event_page(second)] == [1, 2, 3, 4, 5, 6]
