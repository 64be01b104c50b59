"""What belongs to a case opens under its key, in its own row, and is found nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.store import sealed_sample
from tests.unit.store import store_sample as sample

from firstlight.errors import CaseErasedError, KeyMissingError, SealBrokenError
from firstlight.store import (
    case,
    child,
    event,
    fingerprint,
    judgement,
    media,
    metadata,
    sighting,
    source,
)
from firstlight.store.database import Store, open_store
from firstlight.store.rowform import row_form
from firstlight.store.verification import verify_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sample.new_store(tmp_path) as store:
        sealed_sample.fill(store)
        assert verify_store(store) == []
    return tmp_path / "store.db"


@pytest.fixture
def locked(path: Path) -> Iterator[Store]:
    with open_store(path) as store:
        yield store


def alter(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()


def exchange(path: Path, table: str, column: str) -> None:
    key = row_form(table).key
    connection = sqlite3.connect(path)
    values = connection.execute(f"SELECT {key}, {column} FROM {table} WHERE {key} < 3").fetchall()
    assert [number for number, _ in values] == [1, 2]
    change = f"UPDATE {table} SET {column} = ? WHERE {key} = ?"
    connection.executemany(change, [(sealed, 3 - number) for number, sealed in values])
    connection.commit()
    connection.close()


def open_all(store: Store, table: str, column: str) -> list[dict[str, Any]]:
    form = row_form(table)
    statement = select(form.table).order_by(form.table.c[form.key]).limit(2)
    return [sealed_sample.open_row(store, form, row, column) for row in store.fetch(statement)]


@pytest.mark.parametrize(("table", "column"), sealed_sample.SEALED)
def test_a_seal_moved_to_another_row_does_not_open(path: Path, table: str, column: str) -> None:
    with sample.open_sealed(path) as store:
        first, second = open_all(store, table, column)
        assert first != second
    exchange(path, table, column)
    form = row_form(table)
    with sample.open_sealed(path) as store:
        for row in store.fetch(select(form.table).where(form.table.c[form.key] < 3)):
            with pytest.raises(SealBrokenError):
                sealed_sample.open_row(store, form, row, column)
    exchange(path, table, column)
    with sample.open_sealed(path) as store:
        assert open_all(store, table, column) == [first, second]


READERS: dict[str, tuple[str, Callable[[Store], object]]] = {
    "case_file": ("sealed", case.list_cases),
    "source": ("sealed", source.list_sources),
    "source_statement": ("sealed", source.list_sources),
    "sighting": ("sealed", lambda store: list(sighting.load_sightings(store))),
    "metadata": ("sealed", lambda store: list(metadata.metadata_rows(store))),
    "child_state": ("sealed", child.list_children),
    "child_link": ("sealed", lambda store: child.child_links(store, 1)),
    "judgement_note": ("sealed", judgement.list_judgements),
    "stated_purpose": ("sealed", event.stated_purposes),
}


@pytest.mark.parametrize("table", READERS)
def test_no_query_shows_what_another_row_says(path: Path, table: str) -> None:
    column, read = READERS[table]
    with sample.open_sealed(path) as store:
        assert read(store)
    exchange(path, table, column)
    with sample.open_sealed(path) as store, pytest.raises(SealBrokenError):
        read(store)


def test_tags_moved_to_another_row_do_not_open(path: Path) -> None:
    exchange(path, "metadata", "sealed_tags")
    with sample.open_sealed(path) as store:
        assert len(list(metadata.metadata_rows(store))) == 2
        with pytest.raises(SealBrokenError):
            list(metadata.metadata_rows(store, with_tags=True))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE metadata SET sealed_tags = sealed, sealed = sealed_tags WHERE metadata_id = 1",
        "UPDATE source SET case_id = 2 WHERE source_id = 1",
        "UPDATE source SET sealed = (SELECT sealed FROM source_statement"
        " WHERE source_statement_id = source_id) WHERE source_id = 1",
        "UPDATE source SET sealed = X'01' WHERE source_id = 1",
        "UPDATE source SET sealed = X'' WHERE source_id = 1",
        "UPDATE sighting SET sealed = substr(sealed, 1, length(sealed) - 1)",
        "UPDATE child_state SET case_id = NULL",
        "UPDATE judgement_note SET case_id = 2",
    ],
)
def test_a_seal_opens_in_one_place_alone(path: Path, statement: str) -> None:
    alter(path, statement)
    with sample.open_sealed(path) as store, pytest.raises(SealBrokenError):
        [read(store) for _, read in READERS.values()]


def test_a_row_that_opens_to_another_form_is_refused(path: Path) -> None:
    with sample.open_sealed(path) as store:
        context = row_form("source").context(1, "sealed")
        for plain in (b"", b"\xc1", b"\x90", b"\x92\xc4\x01a\xc4\x01b", b"\x91\xc4\x01a\x00"):
            sealed = store.sealer.seal(1, context, plain)
            alter(path, f"UPDATE source SET sealed = X'{sealed.hex()}' WHERE source_id = 1")
            with pytest.raises(SealBrokenError):
                source.list_sources(store)


def test_without_keys_the_store_is_counted_and_checked(locked: Store, path: Path) -> None:
    assert verify_store(locked) == []
    assert event.count_events(locked) == len(event.event_page(locked))
    assert media.known_media(locked, [sample.media_id(1)]) == {sample.media_id(1): True}
    assert source.count_source(locked, 1).files == 2
    assert len(list(fingerprint.pdq_rows(locked))) == 2
    alter(path, "UPDATE sighting SET sealed = zeroblob(80) WHERE sighting_id = 2")
    assert [one.code for one in verify_store(locked)] == ["row-altered"]


@pytest.mark.parametrize(
    "read",
    [
        *(read for _, read in READERS.values()),
        lambda store: case.find_case(store, "Planted-case-1"),
        lambda store: source.find_source(store, 1, b"/seized"),
        lambda store: metadata.media_with_serial(store, "x"),
        lambda store: metadata.media_within_box(store, -90, -180, 90, 180),
        lambda store: metadata.media_taken_between(store, "1", "3"),
        metadata.camera_rows,
        sample.add_source,
    ],
)
def test_without_keys_no_content_is_read_or_written(
    locked: Store, read: Callable[[Store], object]
) -> None:
    before = event.count_events(locked)
    with pytest.raises(KeyMissingError):
        read(locked)
    assert event.count_events(locked) == before


def test_without_keys_no_purpose_is_written(locked: Store) -> None:
    before = event.count_events(locked)
    with (
        pytest.raises(KeyMissingError),
        locked.transaction() as tx,
        tx.event(sample.ACTOR, "refused"),
    ):
        pass
    assert event.count_events(locked) == before


def test_every_sealed_field_of_every_table_is_planted(path: Path) -> None:
    with sample.open_sealed(path) as store:
        planted = {
            (form.table.name, field)
            for form, _, fields in sealed_sample.opened_rows(store)
            for field, value in fields.items()
            if any(sealed_sample.needles(value))
        }
    expected = {
        (form.table.name, field)
        for form in sealed_sample.FORMS
        for fields in form.sealed_fields.values()
        for field in fields
    }
    assert expected - planted == set()


def test_nothing_sealed_lies_open_in_the_files(tmp_path: Path) -> None:
    with sample.new_store(tmp_path) as store:
        sealed_sample.fill(store)
        sought = {
            needle
            for _, _, fields in sealed_sample.opened_rows(store)
            for value in fields.values()
            for needle in sealed_sample.needles(value)
        }
        assert (tmp_path / "store.db-wal").stat().st_size > 0
        found = sealed_sample.all_bytes(tmp_path)
        assert [needle for needle in sought if needle in found] == []
        assert sealed_sample.CLEAR_KEY.encode() in found
    found = sealed_sample.all_bytes(tmp_path)
    assert [needle for needle in sought if needle in found] == []
    # The words themselves, whole or cut, in any field and in the log.
    assert found.count(b"Planted") == found.count(sealed_sample.CLEAR_KEY.encode())


def test_a_field_in_the_clear_would_be_found(path: Path) -> None:
    with sample.open_sealed(path) as store:
        (first, _) = open_all(store, "metadata", "sealed")
    number = first["latitude_deg"]
    alter(path, f"UPDATE reading SET duration_s = {number!r} WHERE reading_id = 1")
    found = sealed_sample.all_bytes(path.parent)
    assert [one for one in sealed_sample.needles(number) if one in found] != []


def test_equal_contents_look_different_in_two_cases(path: Path) -> None:
    with sample.open_sealed(path) as store:
        for case_name in ("Planted-case-1", "Planted-case-2"):
            sample.add_source(store, case_name, b"/same")
        rows = store.fetch(select(row_form("source").table))
    macs = [row.path_mac for row in rows]
    assert len(set(macs)) == len(macs)
    assert len({row.sealed for row in rows}) == len(rows)


def test_a_serial_is_found_across_cases_by_one_keyed_hash(path: Path) -> None:
    with sample.open_sealed(path) as store:
        place = sample.place_of(store, 3)
        assert place.case_id == 2
        sample.ingest(store, 3, sample.report(7), sample.report(4))
        found = metadata.media_with_serial(store, "PLANTED-body_serial-1 ")
        assert found == [sample.media_id(1)]
        assert set(metadata.media_with_serial(store, "fl1")) == {
            sample.media_id(4),
            sample.media_id(7),
        }


def test_a_case_without_its_key_is_missing_not_erased(path: Path) -> None:
    (path.parent / "keys" / "case-1.key").rename(path.parent / "elsewhere.key")
    with sample.open_sealed(path) as store:
        with pytest.raises(KeyMissingError):
            case.list_cases(store)
        assert verify_store(store) == []
        store.sealer.erase_case(1)
        with pytest.raises(CaseErasedError):
            case.list_cases(store)
        assert verify_store(store) == []
