"""Writing: what a row may hold, and what an event attests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest
from sqlalchemy import select
from tests.unit.store import store_sample as sample

from firstlight.errors import InternalError, KeyMissingError
from firstlight.model.fingerprint import Place
from firstlight.model.media import Outcome
from firstlight.store import schema
from firstlight.store.case import add_case, list_cases
from firstlight.store.database import Store
from firstlight.store.event import event_page, stated_purposes
from firstlight.store.metadata import media_within_box, metadata_rows
from firstlight.store.rowform import canonical_row, row_form
from firstlight.store.sealing import open_fields
from firstlight.store.sighting import load_sightings
from firstlight.store.verification import verify_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with sample.new_store(tmp_path) as opened:
        yield opened


def write(store: Store, table: str, row: dict[str, Any]) -> int:
    with store.transaction() as tx, tx.event(sample.ACTOR, "judged") as ev:
        return ev.add(table, row)


def write_case(store: Store, name: str) -> int:
    with store.transaction() as tx, tx.event(sample.ACTOR, "opened-case") as ev:
        return add_case(tx, ev, name)


def raw_rows(store: Store, table: str) -> list[tuple[Any, ...]]:
    with store.connection() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]


def attested(rows: Sequence[Sequence[Any]]) -> list[Any]:
    packed = b"".join(msgpack.packb(list(row)) for row in rows)
    return [len(rows), sha256(packed).hexdigest()]


def test_an_event_attests_exactly_its_rows(store: Store) -> None:
    rows = [{"child_key": "child-a"}, {"child_key": "é"}]
    for _ in range(2):
        with store.transaction() as tx, tx.event(sample.ACTOR, "judged", {"b": b"\x01"}) as ev:
            assert ev.add_many("child", rows) == 2
        rows = [{"child_key": row["child_key"] + "2"} for row in rows]
    first, second = event_page(store)
    assert json.loads(first.outputs) == {
        "child": attested([[1, "child-a", 1], [2, "é", 1]]),
        "stated_purpose": attested(raw_rows(store, "stated_purpose")),
    }
    assert json.loads(second.outputs) == {"child": attested([[3, "child-a2", 2], [4, "é2", 2]])}
    assert first.inputs == '{"b":{"hex":"01"}}'


def test_what_is_attested_of_a_sealed_row_is_what_is_stored(store: Store) -> None:
    sample.add_source(store)
    opened, _ = event_page(store)
    (row,) = raw_rows(store, "case_file")
    number, name_mac, sealed, event_seq = row
    assert json.loads(opened.outputs)["case_file"] == attested([row])
    assert (number, len(name_mac), event_seq) == (1, 32, 1)
    assert len(sealed) == 1 + 12 + len(msgpack.packb(["Case A"])) + 16
    assert list_cases(store)[0].case.name == "Case A"


def test_an_event_without_rows_is_an_event(store: Store) -> None:
    for purpose in (None, ""):
        actor = replace(sample.ACTOR, purpose=purpose)
        with store.transaction() as tx, tx.event(actor, "refused"):
            pass
    assert [(one.outputs, one.purpose) for one in event_page(store)] == [("{}", None)] * 2
    assert verify_store(store) == []


def test_a_purpose_is_stated_once_and_named_by_a_salted_digest(store: Store) -> None:
    purposes = ("warrant 7", "warrant \ud8008\x00", "warrant 7", None, "warrant \ud8008\x00")
    for purpose in purposes:
        actor = replace(sample.ACTOR, purpose=purpose)
        with store.transaction() as tx, tx.event(actor, "refused"):
            pass
    events = event_page(store)
    counts = [json.loads(one.outputs).get("stated_purpose", [0])[0] for one in events]
    assert counts == [1, 1, 0, 0, 0]
    said = stated_purposes(store)
    named = [said.get(one.purpose or "") for one in events]
    assert named == ["warrant 7", "warrant \ufffd8\ufffd", "warrant 7", None, named[1]]
    (first, _) = store.fetch(select(schema.stated_purpose))
    opened = open_fields(store, "stated_purpose", None, 1, first.sealed)
    digest = sha256(opened["salt"] + b"warrant 7").hexdigest()
    assert digest == first.purpose_sha256 == events[0].purpose
    assert len(opened["salt"]) == 16
    assert sha256(b"warrant 7").hexdigest() not in said


def test_a_purpose_of_a_failed_transaction_is_stated_again(store: Store) -> None:

    def refuse_and_fail() -> None:
        with store.transaction() as tx:
            with tx.event(sample.ACTOR, "refused"):
                pass
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refuse_and_fail()
    with store.transaction() as tx, tx.event(sample.ACTOR, "refused"):
        pass
    (event,) = event_page(store)
    assert stated_purposes(store) == {event.purpose: "a test"}
    assert verify_store(store) == []


def test_numbers_go_on_after_reopening(tmp_path: Path) -> None:
    numbers = []
    for name in ("a", "b"):
        with sample.new_store(tmp_path) as store:
            numbers.append(write_case(store, name))
            numbers.append(write(store, "child", {"child_key": name}))
            assert verify_store(store) == []
    assert numbers == [1, 1, 2, 2]


HOSTILE: dict[str, Any] = {
    "reader": "r",
    "reader_version": "\ud800\x00",
    "maker": "\U0001f600\udfff",
    "latitude_deg": float("nan"),
    "longitude_deg": float("inf"),
    "altitude_m": 3,
    "clocks": [["\ud800\x00", None, 1.5]],
    "container": [("size", 10**30), ("\x00", -(10**30))],
    "has_place": False,
    "has_time": False,
    "tags": bytearray(b"\x00\xff"),
}


def test_hostile_values_are_tamed_and_still_verify(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1))
    sample.add_source(store, "Case B")
    place = {"media_id": sample.media_id(1), "reading_id": 1, "case_id": 2}
    write(store, "metadata", {**place, **HOSTILE})
    row = store.fetch(select(schema.metadata).where(schema.metadata.c.metadata_id == 2))[0]
    assert row.reader_version == "\ufffd\ufffd"
    opened = open_fields(store, "metadata", 2, 2, row.sealed)
    assert opened["maker"] == "\U0001f600\ufffd"
    assert [opened[name] for name in ("latitude_deg", "longitude_deg")] == [None, None]
    assert opened["altitude_m"] == 3
    assert opened["clocks"] == (("\ufffd\ufffd", None, 1.5),)
    assert opened["container"] == (("size", (1 << 64) - 1), ("\ufffd", -(1 << 63)))
    tags = open_fields(store, "metadata", 2, 2, row.sealed_tags, "sealed_tags")
    assert tags == {"tags": b"\x00\xff"}
    assert verify_store(store) == []


@pytest.mark.parametrize("wild", [float("nan"), float("inf")])
def test_a_position_that_is_no_number_is_none(store: Store, wild: float) -> None:
    place = sample.metadata(1, place=Place(wild, 5.0, wild))
    sample.ingest(
        store,
        sample.add_source(store),
        sample.report(1, reading=sample.reading(1, metadata=place)),
        sample.report(2),
    )
    everywhere = media_within_box(store, -90, -180, 90, 180)
    assert [name for name, _, _ in everywhere] == [sample.media_id(2)]
    found = {row.media_id: row.metadata.place for row in metadata_rows(store)}
    assert found == {sample.media_id(1): None, sample.media_id(2): sample.metadata(2).place}


def test_numbers_beyond_64_bits_are_cut(store: Store) -> None:
    source_id = sample.add_source(store)
    facts = sample.report(1).facts
    wild = type(facts)(10**30, mtime_ns=10**30, ctime_ns=-(10**30), inode=(1 << 64) - 1)
    sample.ingest(store, source_id, sample.report(1, facts=wild))
    (row,) = store.fetch(select(schema.sighting))
    assert row.size_bytes == (1 << 63) - 1
    (seen,) = load_sightings(store)
    assert (seen.facts.mtime_ns, seen.facts.ctime_ns) == ((1 << 64) - 1, -(1 << 63))
    assert seen.facts.inode == (1 << 64) - 1
    assert verify_store(store) == []


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("nothing", {"name": "a"}, "unknown table"),
        ("case_file", {"title": "a"}, "unknown column"),
        ("case_file", {"sealed": b"a"}, "unknown column"),
        ("case_file", {"name_mac": b"a", "name": "a"}, "unknown column"),
        ("case_file", {}, "breaks a rule"),
        ("hash_list", {}, "breaks a rule"),
        ("event", {"actor": "a"}, "outside its event"),
        ("source", {"case_id": 1, "path": "text", "kind": "folder"}, "wrong kind"),
        ("source", {"case_id": 1, "path": [b"text"], "kind": "folder"}, "wrong kind"),
        ("source", {"case_id": 77, "path": b"p", "kind": "folder"}, "breaks a rule"),
        ("source_statement", {"case_id": 1, "source_id": 1, "exhibit": {}}, "wrong kind"),
        ("pdq", {"quality": "many"}, "wrong kind"),
    ],
)
def test_what_does_not_fit_is_our_bug(
    store: Store, table: str, row: dict[str, Any], reason: str
) -> None:
    for case_id in (1, 77):
        store.sealer.add_case(case_id)
    with pytest.raises(InternalError, match=reason):
        write(store, table, row)
    assert event_page(store) == []


def test_a_record_of_a_case_without_a_key_is_not_written(store: Store) -> None:
    with pytest.raises(KeyMissingError):
        write(store, "source", {"case_id": 77, "path": b"p", "kind": "folder"})
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
            ev.add("child", {"child_key": "late"})
    assert len(event_page(store)) == 1


def test_a_row_shaped_and_a_row_read_have_one_form(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1))
    sample.import_list(store, [sample.entry(1)])
    for table, flag, value in (("reading", "has_thumbnail", False), ("entry", "is_withdrawn", 0)):
        form = row_form(table)
        (raw,) = raw_rows(store, table)
        plain = dict(zip(form.names, raw, strict=True))
        again = form.shape(
            {**plain, "marks": json.loads(plain["marks"])} if "marks" in plain else plain
        )
        assert canonical_row(form.restore(raw)) == canonical_row(again)
        assert again[form.names.index(flag)] is bool(value)
    form = row_form("sighting")
    assert form.shape({"outcome": Outcome.READ})[form.names.index("outcome")] == "read"
    (raw,) = raw_rows(store, "sighting")
    clear = dict(zip(form.names, raw, strict=True))
    given = {name: clear[name] for name in form.names if name not in ("item_mac", "sealed")}
    again = form.shape(given)
    again[form.names.index("item_mac")] = clear["item_mac"]
    again[form.names.index("sealed")] = clear["sealed"]
    assert canonical_row(form.restore(raw)) == canonical_row(again)
    assert again[form.names.index("is_changed")] is False


def test_many_rows_stream_through_blocks(store: Store) -> None:
    with store.transaction() as tx, tx.event(sample.ACTOR, "imported-list") as ev:
        count = ev.add_many("hash_list", ({"name": str(n)} for n in range(5001)))
    assert count == 5001
    assert len(store.fetch(select(schema.hash_list.c.list_id))) == 5001
    assert verify_store(store) == []


def test_two_stores_on_one_file_keep_one_chain(tmp_path: Path) -> None:
    with sample.new_store(tmp_path) as first, sample.new_store(tmp_path) as second:
        for n in range(6):
            write_case((first, second)[n % 2], str(n))
        assert verify_store(first) == []
        assert [one.case.name for one in list_cases(first)] == list("012345")
        assert set(stated_purposes(first).values()) == {"a test"}
        assert [one.event_seq for one in event_page(second)] == [1, 2, 3, 4, 5, 6]
