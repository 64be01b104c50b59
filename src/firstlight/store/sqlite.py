"""The SQLite adapter: one file, one writer at a time, readers undisturbed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, insert

from firstlight.errors import StoreError

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another before it gives up."""

CACHE_KIB = 16 * 1024
IMPORT_CACHE_KIB = 256 * 1024


class SqliteAdapter:
    """All that is particular to SQLite."""

    def __init__(self, path: bytes, *, read_only: bool, busy_timeout_s: float) -> None:
        self._path = path
        self._read_only = read_only
        self._busy_timeout_s = busy_timeout_s
        self._insert_texts: dict[str, str] = {}

    def make_file(self) -> None:
        """Create an empty file that only its owner may read; an existing one is left alone."""
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            os.close(os.open(self._path, flags, 0o600))
        except OSError as error:
            raise StoreError("the store cannot be created", detail=str(error)) from error

    def engine(self) -> Engine:
        """Make the engine; the driver opens no transactions of its own."""
        return create_engine(
            "sqlite://",
            creator=self._connect,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            poolclass=_pool(),
        )

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self._read_only else "rw"
        if self._read_only and self._is_at_rest_for_good():
            mode = "ro&immutable=1"
        connection = sqlite3.connect(
            f"file:{quote(self._path)}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            if not self._read_only:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _is_at_rest_for_good(self) -> bool:
        """Whether it lies on a read-only mount: no log can be there, nor the index of one."""
        log = self._path + b"-wal"
        if os.path.exists(log) and os.path.getsize(log):
            return False
        try:
            return bool(os.statvfs(self._path).f_flag & os.ST_RDONLY)
        except OSError:
            return False

    def begin(self, connection: Connection) -> None:
        """Start a writing transaction: wait for the lock now, not at the first write."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def begin_migration(self, connection: Connection) -> None:
        """Start rebuilding tables: what is dropped is overwritten, not only forgotten."""
        for pragma in ("secure_delete = ON", "foreign_keys = OFF", "legacy_alter_table = ON"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        self.begin(connection)

    def end_migration(self, connection: Connection) -> None:
        """Go back to daily work, and leave nothing of the old tables in the write-ahead log."""
        for pragma in ("legacy_alter_table = OFF", "foreign_keys = ON"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def roll_back(self, connection: Connection) -> None:
        """Undo a transaction, unless the database did so by itself (a full disk)."""
        driver = connection.connection.driver_connection
        if driver is not None and getattr(driver, "in_transaction", True):
            connection.exec_driver_sql("ROLLBACK")

    def begin_snapshot(self, connection: Connection) -> None:
        """Start a reading transaction: one view over several queries."""
        connection.exec_driver_sql("BEGIN")

    def expect_many_rows(self, connection: Connection, *, many: bool) -> None:
        """Give the indexes of a large import more memory, or take it back."""
        size = IMPORT_CACHE_KIB if many else CACHE_KIB
        connection.exec_driver_sql(f"PRAGMA cache_size = -{size}")

    def write_rows(
        self, connection: Connection, table: Table, rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert rows whose values stand in the table's column order."""
        text = self._insert_texts.get(table.name)
        if text is None:
            text = str(insert(table).compile(dialect=connection.dialect))
            self._insert_texts[table.name] = text
        connection.exec_driver_sql(text, [tuple(row) for row in rows])

    def damage(self, connection: Connection, limit: int) -> list[str]:
        """Let the database check its own file: a kind of damage for each finding."""
        found = connection.exec_driver_sql(f"PRAGMA integrity_check({int(limit)})")
        return [str(row[0]) for row in found if row[0] != "ok"]

    def dangling(self, connection: Connection, limit: int) -> list[tuple[str, Any]]:
        """Find rows that name a row which is not there: table and row number."""
        found = connection.exec_driver_sql("PRAGMA foreign_key_check")
        return [(str(row[0]), row[1]) for row in found.fetchmany(limit)]


def _pool() -> Any:
    from sqlalchemy.pool import QueuePool

    return QueuePool
