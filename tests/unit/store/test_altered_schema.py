"""A store whose file has what no schema of ours has is named by verify, and not written to."""

from __future__ import annotations

import json
import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from tests.unit.store import store_sample as sample

from firstlight.errors import StoreAlteredError
from firstlight.store import catalogue
from firstlight.store.case import list_cases
from firstlight.store.catalogue import catalogue_sha256, foreign_entries
from firstlight.store.verification import verify_store

HIDING = (
    "CREATE TRIGGER quiet AFTER INSERT ON event WHEN new.action IN ('judged', 'refused')"
    " BEGIN DELETE FROM event WHERE event_seq = new.event_seq; END"
)
REWRITE = "UPDATE sqlite_master SET sql = replace(sql, '{}', '{}') WHERE name = '{}'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sample.new_store(tmp_path) as store:
        sample.ingest(store, sample.add_source(store), sample.report(1))
    return tmp_path / "store.db"


def run_sql(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    if statement.startswith("UPDATE sqlite_master"):
        connection.execute("PRAGMA writable_schema = ON")
        assert connection.execute(statement).rowcount == 1
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        connection.execute(f"PRAGMA schema_version = {version + 1}")
    else:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (HIDING, "a trigger that is not the store's own"),
        ("CREATE VIEW shown AS SELECT * FROM event", "a view that is not the store's own"),
        ("CREATE TABLE extra (kept BLOB)", "a table that is not the store's own"),
        ("CREATE INDEX more ON event (action)", "an index that is not the store's own"),
        ("DROP INDEX ix_sighting_media_id", "the index ix_sighting_media_id is not there"),
        ("ALTER TABLE judgement ADD COLUMN more TEXT", "the table judgement is of another form"),
        ("ALTER TABLE judgement RENAME TO judgements", "a table that is not the store's own"),
        (
            REWRITE.format("pk_failure PRIMARY KEY (failure_id)",
                           "pk_failure PRIMARY KEY (failure_id) ON CONFLICT IGNORE", "failure"),
            "the table failure is of another form",
        ),
    ],
)  # fmt: skip
def test_an_altered_schema_is_named_and_not_written_to(
    path: Path, statement: str, said: str
) -> None:
    run_sql(path, statement)
    before = path.read_bytes()
    with sample.open_sealed(path, read_only=True) as store:
        breaks = [one for one in verify_store(store) if one.code == "schema-altered"]
    assert said in {one.reason for one in breaks}
    with pytest.raises(StoreAlteredError):
        sample.open_sealed(path)
    assert path.read_bytes() == before


def test_an_older_store_with_a_trigger_is_not_migrated(tmp_path: Path) -> None:
    from tests.unit.store.test_opening import make_old, revision_of

    path = tmp_path / "old.db"
    make_old(path, "0003")
    run_sql(path, HIDING)
    with pytest.raises(StoreAlteredError):
        sample.open_sealed(path)
    assert revision_of(path) == "0003"


def test_what_the_database_adds_itself_is_its_own(path: Path) -> None:
    run_sql(path, "ANALYZE")
    with sample.open_sealed(path) as store:
        assert verify_store(store) == []
        assert len(list_cases(store)) == 1


def test_the_usual_catalogue_is_known(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(files("firstlight.store").joinpath("catalogue.json").read_text())
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert known == {"sha256": catalogue_sha256(connection)}, (
            "the schema changed: python packaging/catalogue.py"
        )
        assert foreign_entries(connection) == []
        # Where its digest is not known the texts are compared: the same answer, more slowly.
        monkeypatch.setattr(catalogue, "_usual_sha256", lambda: "")
        assert foreign_entries(connection) == []
    engine.dispose()
