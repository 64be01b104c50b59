"""Opening the store, and reading from and writing to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.sql import Executable

from firstlight import __version__
from firstlight.errors import StoreError
from firstlight.model.ports import Sealer
from firstlight.store.fault import translated
from firstlight.store.migration import (
    UNSEALED_REVISIONS,
    Migration,
    Undo,
    bring_up_to_date,
    read_revision,
)
from firstlight.store.sealing import Locked
from firstlight.store.sqlite import BUSY_TIMEOUT_S, SqliteAdapter
from firstlight.store.writer import BLOCK_ROWS, Transaction

TOOL = f"firstlight {__version__}"


class Reader(Protocol):
    """What queries read from: a store, a snapshot of it, or an open transaction."""

    @property
    def sealer(self) -> Sealer:
        """Opens what is sealed."""
        ...

    def fetch(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Read all rows of a query; parameters are the values of its named places."""
        ...

    def stream(self, statement: Executable) -> Iterator[Any]:
        """Read the rows of a query as they come."""
        ...


class Snapshot:
    """One view of the store over several queries."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection = connection
        self.sealer = sealer

    def fetch(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Read all rows of a query."""
        with translated():
            return list(self.connection.execute(statement, parameters).all())

    def stream(self, statement: Executable) -> Iterator[Any]:
        """Read the rows of a query as they come."""
        with translated():
            yield from self.connection.execute(statement).yield_per(BLOCK_ROWS)


class Store:
    """The records of one home; from ``open_store``."""

    def __init__(
        self,
        adapter: SqliteAdapter,
        *,
        sealer: Sealer,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.adapter = adapter
        self.sealer = sealer
        self._purposes: dict[str, str] = {}
        self._clock = clock or (lambda: datetime.now(UTC))
        self._engine = adapter.engine()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection, for this package alone."""
        with translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write several events wholly or not at all.

        Raises:
            StoreError: Locked by another process, read-only, full or damaged.
            ConflictError: A record of the same name exists.
        """
        with self.connection() as connection:
            self.adapter.begin(connection)
            tx = Transaction(
                self.adapter,
                connection,
                TOOL,
                self._clock,
                sealer=self.sealer,
                purposes=self._purposes,
            )
            try:
                yield tx
                tx.finish()
                connection.exec_driver_sql("COMMIT")
                self._purposes.update(tx.new_purposes)
            except BaseException:
                self.adapter.roll_back(connection)
                raise

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one consistent view over several queries, whatever is written meanwhile."""
        with self.connection() as connection:
            self.adapter.begin_snapshot(connection)
            try:
                yield Snapshot(connection, self.sealer)
            finally:
                self.adapter.roll_back(connection)

    def fetch(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Read all rows of a query."""
        with self.connection() as connection:
            return list(connection.execute(statement, parameters).all())

    def stream(self, statement: Executable) -> Iterator[Any]:
        """Read the rows of a query as they come."""
        with self.connection() as connection:
            yield from connection.execute(statement).yield_per(BLOCK_ROWS)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(
    path: str | bytes | os.PathLike[str],
    *,
    create: bool = False,
    read_only: bool = False,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
    clock: Callable[[], datetime] | None = None,
    sealer: Sealer | None = None,
    before_migration: Callable[[], Undo | None] | None = None,
) -> Store:
    """Open the store at a path; an older one is brought up to date.

    Args:
        create: Make it where there is none; harmless where there is one.
        read_only: Open for queries alone; nothing is brought up to date.
        clock: Gives the time of events; the system's by default.
        sealer: Seals and opens; without one, whole rows can be counted and checked, no more.
        before_migration: Called before an older store with records in it is touched; gives what
            undoes it where the migration fails.

    Raises:
        StoreVersionError: Written by a newer version, or an older one opened read-only.
        StoreError: There is no store at this path, or it cannot be opened.
    """
    adapter = SqliteAdapter(os.fsencode(path), read_only=read_only, busy_timeout_s=busy_timeout_s)
    if create and not read_only:
        adapter.make_file()
    store = Store(adapter, clock=clock, sealer=sealer or Locked())
    try:
        with store.connection() as connection:
            migration = Migration(store.sealer, TOOL, before_migration)
            bring_up_to_date(adapter, connection, migration, create=create, read_only=read_only)
    except BaseException:
        store.close()
        raise
    return store


def is_sealing(path: str | bytes | os.PathLike[str]) -> bool:
    """Whether the store at a path is of a version that seals; also where that cannot be told."""
    adapter = SqliteAdapter(os.fsencode(path), read_only=True, busy_timeout_s=BUSY_TIMEOUT_S)
    try:
        with translated(), adapter.engine().connect() as connection:
            return read_revision(connection) not in UNSEALED_REVISIONS
    except StoreError:
        return True
