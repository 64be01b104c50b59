"""A store of the third revision is sealed when it is opened, and loses nothing by it."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError
from tests.unit.store import store_sample as sample

from firstlight.errors import KeyMissingError
from firstlight.store import child, event, fingerprint, judgement, metadata
from firstlight.store.database import open_store
from firstlight.store.dump import canonical_dump
from firstlight.store.migrations.rewriting import Rewriting
from firstlight.store.verification import verify_store

OLDER = Path(__file__).with_name("older")
PLANTED = (b"Planted", b"Case A", b"/seized", b"FL1", b"Maker", b"Owner", b"a teacher", b"ner.jpg")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path)
    connection.executescript(gzip.decompress((OLDER / "0003.sql.gz").read_bytes()).decode())
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return path


def old_head(path: Path) -> tuple[int, bytes]:
    connection = sqlite3.connect(path)
    newest = "SELECT event_seq, sha256 FROM event ORDER BY event_seq DESC LIMIT 1"
    seq, digest = connection.execute(newest).fetchone()
    connection.close()
    return seq, digest


def test_nothing_is_lost_and_all_is_sealed(old: Path) -> None:
    before = b"".join(file.read_bytes() for file in old.parent.glob("store.db*"))
    assert all(word in before for word in PLANTED)
    head = old_head(old)
    calls = []
    with sample.open_sealed(old, before_migration=lambda: calls.append(old_head(old))) as store:
        assert verify_store(store) == []
        assert canonical_dump(store) == (OLDER / "0003.dump.txt").read_text()
        (migrated,) = event.event_page(store, action="migrated")
        assert migrated.event_seq == head[0] + 1
        assert json.loads(migrated.inputs)["head_sha256"] == head[1].hex()
        (one,) = child.list_children(store)
        assert (one.note, one.age_source) == ("Planted note of a child", "a teacher")
        assert child.child_links(store, one.child_id)[0].subject == "2"
        notes = {row.subject: row.note for row in judgement.list_judgements(store)}
        assert notes == {"3": "Planted note on a sighting", "List A": None}
        assert metadata.media_with_serial(store, " fl1 ") != []
    assert calls == [head]
    files = [file for file in old.parent.rglob("*") if file.is_file()]
    after = b"".join(file.read_bytes() for file in files)
    assert [word for word in PLANTED if word in after] == []


def test_both_cases_hold_the_metadata_of_a_shared_media(old: Path) -> None:
    with sample.open_sealed(old) as store:
        assert fingerprint.readings_to_copy(store, 2, [sample.media_id(1)]) == {}
        copied = fingerprint.readings_to_copy(store, 2, [sample.media_id(2)])
        assert copied[sample.media_id(2)][1] == sample.reading(2)


@pytest.mark.parametrize("table", ["sighting", "metadata", "case_file", "judgement_note"])
def test_a_record_altered_after_the_migration_is_named(old: Path, table: str) -> None:
    sample.open_sealed(old).close()
    connection = sqlite3.connect(old)
    connection.execute(f"UPDATE {table} SET sealed = zeroblob(40) WHERE rowid = 1")
    connection.commit()
    connection.close()
    with open_store(old, read_only=True) as store:
        (found,) = verify_store(store)
    assert (found.code, found.reason) == (
        "row-altered",
        f"records of {table}: they differ from what was migrated",
    )


def test_without_keys_the_old_store_stays_as_it_is(old: Path) -> None:
    head = old_head(old)
    with pytest.raises(KeyMissingError):
        open_store(old)
    assert old_head(old) == head
    with sample.open_sealed(old) as store:
        assert verify_store(store) == []


def test_a_migration_that_fails_leaves_the_old_store(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise SQLAlchemyError

    with monkeypatch.context() as patch:
        patch.setattr(Rewriting, "attest", fail)
        with pytest.raises(Exception, match="store failed"):
            sample.open_sealed(old)
    connection = sqlite3.connect(old)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
    assert connection.execute("SELECT name FROM case_file").fetchall() == [("Case A",), ("Case B",)]
    connection.close()
    with sample.open_sealed(old) as store:
        assert canonical_dump(store) == (OLDER / "0003.dump.txt").read_text()
