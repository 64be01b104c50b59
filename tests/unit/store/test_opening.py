"""Opening: new, old, newer, foreign, damaged, locked, read-only, full."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from tests.unit.store import store_sample as sample

from firstlight.errors import StoreError, StoreVersionError
from firstlight.store.case import list_cases
from firstlight.store.database import open_store
from firstlight.store.event import count_events
from firstlight.store.migration import REVISIONS, Migration
from firstlight.store.schema import METADATA
from firstlight.store.sealing import Locked
from firstlight.store.verification import verify_store


def run_sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_creating_twice_is_harmless(tmp_path: Path) -> None:
    for _ in range(2):
        with sample.open_sealed(tmp_path / "store.db", create=True) as store:
            if not list_cases(store):
                sample.add_source(store)
            assert verify_store(store) == []
            assert len(list_cases(store)) == 1
    mode = stat.S_IMODE((tmp_path / "store.db").stat().st_mode)
    assert mode == 0o600


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    for read_only in (False, True):
        with pytest.raises(StoreError):
            open_store(tmp_path / "store.db", read_only=read_only)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"not a database at all, not at all" * 200, b"\x00" * 8192])
def test_garbage_is_refused_without_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    for options in ({}, {"create": True}, {"read_only": True}):
        with pytest.raises(StoreError) as caught:
            open_store(path, **options)
        assert "store.db" not in caught.value.message
    assert path.read_bytes() == content


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    run_sql(path, "CREATE TABLE song (title TEXT)")
    with pytest.raises(StoreError, match="not a store"):
        open_store(path, create=True)


def test_a_half_made_store_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch()
    with pytest.raises(StoreError, match="no store"):
        open_store(tmp_path / "store.db")
    with sample.new_store(tmp_path) as store:
        assert list_cases(store) == []


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    sample.new_store(tmp_path).close()
    run_sql(tmp_path / "store.db", "UPDATE alembic_version SET version_num = '9999'")
    for options in ({}, {"create": True}, {"read_only": True}):
        with pytest.raises(StoreVersionError):
            open_store(tmp_path / "store.db", **options)


def make_old(path: Path, revision: str) -> None:
    """An empty store as an older version made it: by the migrations that there were then."""
    path.touch(mode=0o600)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        config.attributes["migration"] = Migration(Locked(), "older")
        command.upgrade(config, revision)
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_an_older_store_is_brought_up_to_date(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "store.db"
    make_old(path, revision)
    assert revision_of(path) == revision
    with pytest.raises(StoreVersionError):
        open_store(path, read_only=True)
    assert revision_of(path) == revision
    with sample.open_sealed(path) as store:
        assert count_events(store) == 0
        sample.ingest(store, sample.add_source(store), sample.report(1))
        sample.import_list(store, [sample.entry(1)])
        assert verify_store(store) == []
    assert revision_of(path) == REVISIONS[-1]
    with sample.open_sealed(path, read_only=True) as store:
        (only,) = list_cases(store)
        assert (only.case.name, only.files) == ("Case A", 1)


def test_a_store_of_every_revision_becomes_the_same(tmp_path: Path) -> None:
    sample.new_store(tmp_path).close()
    made = catalogue(tmp_path / "store.db")
    for revision in REVISIONS[:-1]:
        path = tmp_path / f"{revision}.db"
        make_old(path, revision)
        assert catalogue(path) != made
        sample.open_sealed(path).close()
        assert catalogue(path) == made


def revision_of(path: Path) -> str:
    connection = sqlite3.connect(path)
    (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return str(found)


def catalogue(path: Path) -> set[tuple[str, str, str | None]]:
    connection = sqlite3.connect(path)
    found = set(connection.execute("SELECT type, name, sql FROM sqlite_master"))
    connection.close()
    return found


def migration_config() -> Config:
    import firstlight.store

    config = Config()
    place = Path(firstlight.store.__file__).with_name("migrations")
    config.set_main_option("script_location", str(place))
    return config


def test_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    sample.new_store(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    with create_engine("sqlite://").connect() as plain:
        METADATA.create_all(plain)
        made = dict(plain.exec_driver_sql("SELECT name, sql FROM sqlite_master").all())
    with engine.connect() as connection:
        migrated = dict(connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").all())
    engine.dispose()
    indexes = {name: sql for name, sql in made.items() if sql and "INDEX" in sql}
    assert indexes == {name: sql for name, sql in migrated.items() if sql and "INDEX" in sql}

    walked = ScriptDirectory.from_config(migration_config()).walk_revisions()
    known = [one.revision for one in walked]
    assert tuple(reversed(known)) == REVISIONS


def test_opening_a_current_store_does_not_import_alembic(tmp_path: Path) -> None:
    sample.new_store(tmp_path).close()
    code = (
        "import sys; from firstlight.store.database import open_store;"
        f"open_store({str(tmp_path / 'store.db')!r}).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_with_odd_bytes_open(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff ?#%41 \xd7.db"
    sealer = sample.sealer_of(tmp_path)
    with open_store(odd, create=True, sealer=sealer) as store:
        sample.add_source(store)
    with open_store(odd, read_only=True, sealer=sealer) as store:
        assert len(list_cases(store)) == 1


def test_a_link_is_not_followed_when_creating(tmp_path: Path) -> None:
    (tmp_path / "store.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError):
        open_store(tmp_path / "store.db", create=True)
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_second_writer_waits_and_then_says_so(tmp_path: Path) -> None:
    with sample.new_store(tmp_path) as store:
        path = tmp_path / "store.db"
        with store.transaction(), sample.open_sealed(path, busy_timeout_s=0.05) as other:
            assert list_cases(other) == []
            with pytest.raises(StoreError, match="locked"), other.transaction():
                pass
        sample.add_source(store)


def test_a_read_only_store_refuses_to_write(tmp_path: Path) -> None:
    sample.new_store(tmp_path).close()
    with (
        sample.open_sealed(tmp_path / "store.db", read_only=True) as store,
        pytest.raises(StoreError, match="read-only"),
    ):
        sample.add_source(store)


def test_a_full_disk_costs_the_transaction_alone(tmp_path: Path) -> None:
    with sample.new_store(tmp_path) as store:
        source_id = sample.add_source(store)
        with store.connection() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="full"):
            sample.ingest(store, source_id, *(sample.report(n) for n in range(300)))
        assert verify_store(store) == []


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from firstlight.store.case import add_case
from tests.unit.store import store_sample as sample
store = sample.new_store(Path({str(tmp_path)!r}))
source_id = sample.add_source(store)
sample.ingest(store, source_id, sample.report(1))
with store.transaction() as tx:
    with tx.event(sample.ACTOR, "opened-case") as ev:
        add_case(tx, ev, "lost")
    tx.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code], check=False, env=environment)
    assert done.returncode == -9
    with sample.open_sealed(tmp_path / "store.db") as store:
        (only,) = list_cases(store)
        assert (only.case.name, only.files) == ("Case A", 1)
        assert verify_store(store) == []
