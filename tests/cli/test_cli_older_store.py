"""An older store is backed up and brought up to date; a newer one is refused."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest
from tests.cli.conftest import Program, quick_caller

from firstlight.app.home import init_home, open_home
from firstlight.errors import StoreError
from firstlight.store import migration
from firstlight.store.dump import canonical_dump

OLDER = Path(__file__).parents[1] / "unit" / "store" / "older"
STORE_EXIT, USAGE_EXIT = 7, 2


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def dump(path: Path) -> str:
    with open_home(str(path), None, writing=False) as home:
        return canonical_dump(home.store)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A home as the version before this one left it: no keys, nothing sealed."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    connection = sqlite3.connect(home / "store.sqlite")
    connection.executescript(gzip.decompress((OLDER / "0003.sql.gz").read_bytes()).decode())
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return tmp_path


def check_migrated(call: Program, home: Path) -> None:
    assert call("verify").code == 0
    assert dump(home) == (OLDER / "0003.dump.txt").read_text()


def test_an_older_store_is_backed_up_and_brought_up(old: Path):
    call = quick_caller(old)
    for reading in (("case",), ("find", "--case", "Case A"), ("verify",)):
        refused = call(*reading)
        assert refused.code in (USAGE_EXIT, STORE_EXIT), refused
        assert refused.err.count("firstlight: [") == 1
    assert names(old / "home") <= {"store.sqlite", "store.sqlite-shm", "store.sqlite-wal"}
    written = call("child", "add", "C-2")
    assert written.code == 0, written.err
    assert "a backup of it was made" in written.err
    (backup,) = (old / "home" / "backups").iterdir()
    check_migrated(call, old / "home")
    # It holds the store as it was: restored, that is brought up once more.
    back = quick_caller(old / "second")
    done = back("restore", str(backup))
    assert done.code == 0, done.err
    check_migrated(back, old / "second" / "home")
    assert len(names(old / "second" / "home" / "backups")) == 1
    # What still holds a case goes with it.
    assert call("case", "erase", "Case A", "--reason", "ended", "--yes").code == 0
    assert names(old / "home" / "backups") == set()
    content = b"".join(path.read_bytes() for path in (old / "home").rglob("*") if path.is_file())
    assert b"Planted" not in content


def test_a_backup_of_an_older_home_brings_it_up_first(old: Path):
    call = quick_caller(old)
    assert call("backup", str(old / "b")).code == 0
    back = quick_caller(old / "second")
    assert back("restore", str(old / "b")).code == 0
    check_migrated(back, old / "second" / "home")
    assert not (old / "second" / "home" / "backups").exists()


def test_a_migration_that_fails_leaves_no_backup(old: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise StoreError("the migration failed")

    before = dump_of_tables(old)
    with monkeypatch.context() as patch:
        patch.setattr(migration, "foreign_entries", fail)
        refused = quick_caller(old)("child", "add", "C-2")
        assert refused.code == STORE_EXIT, refused.err
    assert names(old / "home" / "backups") == set()
    assert dump_of_tables(old) == before
    assert quick_caller(old)("child", "add", "C-2").code == 0
    assert len(names(old / "home" / "backups")) == 1


def dump_of_tables(place: Path) -> list[str]:
    connection = sqlite3.connect(place / "home" / "store.sqlite")
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_without_room_for_a_backup_an_older_store_stays_as_it_is(old: Path):
    # A file where the folder of backups would be: none can be made.
    (old / "home" / "backups").touch()
    before = (old / "home" / "store.sqlite").read_bytes()
    refused = quick_caller(old)("child", "add", "C-2")
    assert refused.code == STORE_EXIT
    assert (old / "home" / "store.sqlite").read_bytes() == before
    (old / "home" / "backups").unlink()
    assert quick_caller(old)("child", "add", "C-2").code == 0


@pytest.mark.parametrize(
    "command", [("case",), ("child", "add", "C-1"), ("backup", "b"), ("verify",)]
)
def test_a_newer_store_is_refused(tmp_path: Path, command: tuple[str, ...]):
    place = tmp_path
    init_home(str(place / "home"), "test")
    connection = sqlite3.connect(place / "home" / "store.sqlite")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = (place / "home" / "store.sqlite").read_bytes()
    refused = quick_caller(place)(*command)
    assert refused.code == STORE_EXIT
    assert "[store-version]" in refused.err
    assert "newer" in refused.err
    assert (place / "home" / "store.sqlite").read_bytes() == before
