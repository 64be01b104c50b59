"""Whatever is altered behind the program's back is found and named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.unit.store import store_sample as sample

from firstlight.errors import StoreError
from firstlight.model.event import Break
from firstlight.store import schema
from firstlight.store.database import open_store
from firstlight.store.verification import verify_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sample.new_store(tmp_path) as store:
        source_id = sample.add_source(store)
        sample.ingest(store, source_id, *(sample.report(n) for n in range(1, 5)))
        sample.ingest(store, source_id, sample.failed_report(9))
        sample.import_list(store, [sample.entry(1), sample.entry(2)])
        sample.import_list(store, [sample.entry(2, category_code="7")])
        assert verify_store(store) == []
    return tmp_path / "store.db"


def alter(path: Path, *statements: str) -> list[Break]:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    connection.close()
    with open_store(path, read_only=True) as store:
        return verify_store(store)


def found(breaks: list[Break]) -> list[tuple[int | None, str]]:
    return [(one.event_seq, one.code) for one in breaks]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE media SET label = 'other' WHERE media_seq = 2", (4, "row-altered")),
        ("UPDATE pdq SET quality = 91 WHERE pdq_id = 1", (3, "row-altered")),
        ("UPDATE pdq SET quality = '90' WHERE pdq_id = 1", None),
        ("UPDATE pdq SET quality = 90.5 WHERE pdq_id = 1", (3, "row-altered")),
        ("UPDATE reading SET is_truncated = 'yes' WHERE reading_id = 1", (3, "row-altered")),
        ("UPDATE reading SET pipeline = X'FF' WHERE reading_id = 1", (3, "row-altered")),
        ("UPDATE metadata SET sealed_tags = zeroblob(9) WHERE metadata_id = 4", (6, "row-altered")),
        ("UPDATE metadata SET sealed = zeroblob(99) WHERE metadata_id = 4", (6, "row-altered")),
        ("UPDATE sighting SET item_mac = zeroblob(32) WHERE sighting_id = 2", (4, "row-altered")),
        ("UPDATE stated_purpose SET purpose_sha256 = ''", (1, "row-altered")),
        ("DELETE FROM stated_purpose", (1, "row-missing")),
        ("UPDATE failure SET reason = '' WHERE failure_id = 1", (7, "row-altered")),
        ("UPDATE entry SET is_withdrawn = 1 WHERE entry_id = 1", (8, "row-altered")),
        ("DELETE FROM failure", (7, "row-missing")),
        ("DELETE FROM pdq WHERE pdq_id = 4", (6, "row-missing")),
        (
            "INSERT INTO failure SELECT 9, sighting_id, code, reason, stage, retryable, event_seq"
            " FROM failure",
            (7, "row-added"),
        ),
        (
            "INSERT INTO failure SELECT 9, sighting_id, code, reason, stage, retryable, 99"
            " FROM failure",
            (99, "row-stray"),
        ),
        (
            "INSERT INTO failure SELECT -1, sighting_id, code, reason, stage, retryable, 1"
            " FROM failure",
            (1, "row-added"),
        ),
        ("UPDATE event SET actor = 'os:other' WHERE event_seq = 3", (3, "event-altered")),
        ("UPDATE event SET purpose = NULL WHERE event_seq = 3", (3, "event-altered")),
        ("UPDATE event SET at = replace(at, 'Z', '+00:00') WHERE event_seq = 3", None),
        ("UPDATE event SET outputs = '[' WHERE event_seq = 3", (3, "event-altered")),
        ("UPDATE event SET outputs = '{\"media\":7}' WHERE event_seq = 3", (3, "event-altered")),
        ("UPDATE event SET event_seq = 50 WHERE event_seq = 9", (9, "event-missing")),
        ("DELETE FROM event WHERE event_seq = 3", (3, "event-missing")),
        ("DELETE FROM event WHERE event_seq = 1", (1, "event-missing")),
    ],
)
def test_one_change_is_named(
    path: Path, statement: str, expected: tuple[int | None, str] | None
) -> None:
    breaks = alter(path, statement)
    if "'90'" in statement:
        # SQLite itself turns this text into the number it was: nothing has changed.
        assert breaks == []
    elif expected is None:
        assert breaks[0].code == "event-altered"
    else:
        assert breaks
        assert expected in found(breaks)
        assert breaks[0].event_seq in (expected[0], 1, 3)


def test_a_swap_of_rows_is_found(path: Path) -> None:
    breaks = alter(
        path,
        "UPDATE pdq SET pdq_id = 100 WHERE pdq_id = 1",
        "UPDATE pdq SET pdq_id = 1 WHERE pdq_id = 2",
        "UPDATE pdq SET pdq_id = 2 WHERE pdq_id = 100",
    )
    assert breaks[0].event_seq in (3, 4)


def test_a_rewritten_event_breaks_the_link_to_the_next(path: Path) -> None:
    connection = sqlite3.connect(path)
    (digest,) = connection.execute("SELECT sha256 FROM event WHERE event_seq = 4").fetchone()
    connection.close()
    assert digest
    breaks = alter(path, "UPDATE event SET sha256 = zeroblob(32) WHERE event_seq = 4")
    assert found(breaks) == [(4, "event-altered"), (5, "event-link")]


def test_a_row_that_names_nothing_is_found(path: Path) -> None:
    breaks = alter(path, "UPDATE sighting SET source_id = 77 WHERE sighting_id = 2")
    assert (4, "row-altered") in found(breaks)
    assert (None, "row-dangling") in found(breaks)


def test_every_table_is_walked(path: Path) -> None:
    for name in schema.METADATA.tables:
        if name in ("event", "alembic_version"):
            continue
        connection = sqlite3.connect(path)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        connection.execute("PRAGMA ignore_check_constraints = ON")
        marks = ", ".join("'x'" if column != columns[0] else "900" for column in columns[:-1])
        connection.execute(f"INSERT INTO {name} VALUES ({marks}, 12345)")
        connection.commit()
        connection.close()
        with open_store(path, read_only=True) as store:
            assert (12345, "row-stray") in found(verify_store(store)), name
        connection = sqlite3.connect(path)
        connection.execute(f"DELETE FROM {name} WHERE event_seq = 12345")
        connection.commit()
        connection.close()


def test_an_item_must_come_from_an_ingested_event(tmp_path: Path) -> None:
    from firstlight.store.item import add_item

    with sample.new_store(tmp_path) as store:
        source_id = sample.add_source(store)
        place = sample.place_of(store, source_id)
        with store.transaction() as tx, tx.event(sample.ACTOR, "re-read") as ev:
            add_item(ev, place, sample.report(1), pipeline="t", is_new_media=True)
        assert [(one.event_seq, one.code) for one in verify_store(store)] == [(3, "item-not-once")]


def test_a_damaged_file_is_a_finding_and_no_crash(path: Path) -> None:
    connection = sqlite3.connect(path)
    root = "SELECT rootpage FROM sqlite_master WHERE name = 'metadata'"
    (page,) = connection.execute(root).fetchone()
    connection.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xaa" * 4096
    path.write_bytes(bytes(data))
    with open_store(path, read_only=True) as store:
        breaks = verify_store(store)
    assert "store-damaged" in {one.code for one in breaks}


def test_a_store_without_its_catalogue_does_not_open(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xaa" * 3996
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match="damaged"):
        open_store(path)


def test_reasons_hold_nothing_of_the_source(path: Path) -> None:
    breaks = alter(
        path, "DELETE FROM sighting WHERE sighting_id = 1", "DELETE FROM event WHERE event_seq = 5"
    )
    assert breaks
    assert all("seized" not in one.reason for one in breaks)
