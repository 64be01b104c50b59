"""An account of altered records says so first: it attributes nothing to an event in silence."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.app.custody_home import ProvableHome
from tests.unit.store import store_sample as sample

from firstlight.app.explanation import explain
from firstlight.app.home import Home
from firstlight.store.event import count_events
from firstlight.store.event_check import breaks_of_events
from firstlight.store.verification import verify_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sample.new_store(tmp_path) as store:
        source_id = sample.add_source(store)
        sample.ingest(store, source_id, *(sample.report(n) for n in range(1, 4)))
        sample.import_list(store, [sample.entry(1)])
    return tmp_path / "store.db"


def breaks(path: Path, content: int = 1) -> set[tuple[int | None, str]]:
    with sample.open_sealed(path, read_only=True) as store:
        home = cast(Home, ProvableHome(path.parent, store))
        document: dict[str, Any] = explain(home, sample.media_id(content))
        is_whole = not verify_store(store)
    found = {(one["event"], one["code"]) for one in document["breaks"]}
    # Whatever is named here, the whole verification names too.
    assert not (found and is_whole)
    return found


def alter(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_whole_account_has_no_breaks(path: Path) -> None:
    assert breaks(path) == set()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE media SET label = 'other' WHERE media_seq = 1", "row-altered"),
        ("UPDATE media SET md5 = zeroblob(16) WHERE media_seq = 1", "row-altered"),
        ("UPDATE pdq SET quality = 12 WHERE pdq_id = 1", "row-altered"),
        ("UPDATE pdq SET event_seq = 3 WHERE pdq_id = 2", "row-added"),
        ("DELETE FROM pdq WHERE pdq_id = 1", "row-missing"),
        ("UPDATE event SET actor = 'os:nobody' WHERE event_seq = 3", "event-altered"),
        ("UPDATE event SET sha256 = zeroblob(32) WHERE event_seq = 3", "event-link"),
        ("CREATE TABLE extra (kept BLOB)", "schema-altered"),
    ],
)
def test_what_is_altered_is_said_first(path: Path, statement: str, code: str) -> None:
    alter(path, statement)
    assert code in {one for _, one in breaks(path)}


def test_what_concerns_another_media_is_not_its_own(path: Path) -> None:
    alter(path, "UPDATE pdq SET quality = 12 WHERE pdq_id = 3")
    assert breaks(path, 1) == set()
    assert breaks(path, 3) == {(5, "row-altered")}


def test_a_judgement_put_under_an_event_is_found(path: Path) -> None:
    alter(
        path,
        "INSERT INTO judgement (judgement_id, subject_kind, subject, decision, event_seq)"
        f" VALUES (1, 'media', '{sample.media_id(1)}', 'looked-at', 3)",
    )
    assert breaks(path) == {(3, "row-added")}


def test_events_of_before_a_migration_are_compared_with_what_it_attests(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    older = Path(sample.__file__).with_name("older") / "0003.sql.gz"
    connection = sqlite3.connect(path)
    connection.executescript(gzip.decompress(older.read_bytes()).decode())
    connection.close()
    with sample.open_sealed(path) as store, store.snapshot() as view:
        last = count_events(view)
        assert breaks_of_events(view, range(1, last + 1)) == []
    alter(path, "UPDATE judgement SET decision = 'other' WHERE judgement_id = 1")
    with sample.open_sealed(path, read_only=True) as store, store.snapshot() as view:
        found = breaks_of_events(view, [2])
    assert {one.code for one in found} == {"row-altered"}
