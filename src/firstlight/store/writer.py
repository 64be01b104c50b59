"""Writing: every row belongs to an event, and every event joins the custody chain."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Insert, Table, func, select
from sqlalchemy.sql import Executable

from firstlight.errors import InternalError
from firstlight.guard.custody import (
    ACTIONS,
    GENESIS_SHA256,
    canonical_json,
    event_sha256,
    write_time,
)
from firstlight.model.event import Actor
from firstlight.model.ports import Sealer
from firstlight.store import schema
from firstlight.store.fault import translated
from firstlight.store.rowform import canonical_row, clean_text, row_form

if TYPE_CHECKING:
    from firstlight.store.sqlite import SqliteAdapter

BLOCK_ROWS = 2000
"""Rows that wait in memory before they are written."""

_TABLE_ORDER = tuple(table.name for table in schema.METADATA.sorted_tables)


def _now() -> datetime:
    return datetime.now(UTC)


class EventWriter:
    """One event being written; use as a context manager, from ``Transaction.event``."""

    def __init__(
        self, tx: Transaction, actor: Actor, action: str, inputs: Mapping[str, Any]
    ) -> None:
        self._tx = tx
        self._actor = actor
        self._action = action
        self._inputs = canonical_json(dict(inputs))
        self._digests: dict[str, Any] = {}
        self._counts: dict[str, int] = {}
        self._purpose: str | None = None
        self.event_seq = tx.next_number("event")

    def __enter__(self) -> EventWriter:
        purpose = self._actor.purpose
        if purpose:
            self._purpose = self._tx.purpose_sha256(purpose) or self._state_purpose(purpose)
        return self

    def _state_purpose(self, purpose: str) -> str:
        """Keep a purpose sealed, once; events name it by a salted digest."""
        salt, purpose = os.urandom(16), clean_text(purpose)
        digest = sha256(salt + purpose.encode()).hexdigest()
        row = {"purpose_sha256": digest, "salt": salt, "purpose": purpose}
        self.add("stated_purpose", row)
        self._tx.new_purposes[self._actor.purpose or ""] = digest
        return digest

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._tx.leave_event(self, kind is None)

    def add(self, table_name: str, row: Mapping[str, Any]) -> int:
        """Add one row; returns the number it was given.

        Args:
            row: Column to value; absent columns are empty, the row's own number and its
                event are filled in.

        Raises:
            InternalError: Unknown table or column, a value of the wrong kind, or the event
                is over.
        """
        tx = self._tx
        if tx.open_event is not self or table_name == "event":
            raise InternalError("a record is written outside its event")
        form = row_form(table_name)
        row_number = tx.next_number(table_name)
        values = form.shape(row)
        values[0], values[-1] = row_number, self.event_seq
        form.protect(values, row, tx.sealer)
        if table_name not in self._counts:
            self._counts[table_name] = 0
            self._digests[table_name] = sha256()
        self._counts[table_name] += 1
        self._digests[table_name].update(canonical_row(values))
        tx.hold(table_name, values)
        return row_number

    def add_many(self, table_name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Add rows as they come, in blocks; returns how many.

        Cost: memory of one block, however many rows.
        """
        count = 0
        for row in rows:
            self.add(table_name, row)
            count += 1
        return count

    def close(self, previous_sha256: bytes, tool: str, at: datetime) -> bytes:
        """Digest the event and put its own row behind its rows; returns the digest."""
        outputs = {
            name: [count, self._digests[name].hexdigest()] for name, count in self._counts.items()
        }
        row: dict[str, Any] = {
            "event_seq": self.event_seq,
            "at": write_time(at),
            "actor": clean_text(self._actor.name),
            "purpose": self._purpose,
            "tool": tool,
            "action": self._action,
            "inputs": self._inputs,
            "outputs": canonical_json(outputs),
            "previous_sha256": previous_sha256,
        }
        digest = event_sha256(**row)
        self._tx.hold("event", row_form("event").shape({**row, "sha256": digest}))
        return digest


class Transaction:
    """Several events written wholly or not at all; from ``Store.transaction``.

    Rows wait in memory and are written in blocks: before a read, and at the end.
    """

    def __init__(
        self,
        adapter: SqliteAdapter,
        connection: Connection,
        tool: str,
        clock: Callable[[], datetime] = _now,
        *,
        sealer: Sealer,
        purposes: Mapping[str, str],
    ) -> None:
        self._adapter = adapter
        self._connection = connection
        self._tool = tool
        self.sealer = sealer
        self._purposes = purposes
        self.new_purposes: dict[str, str] = {}
        self._clock = clock
        self._pending: dict[str, list[Sequence[Any]]] = {}
        self._pending_rows = 0
        self._next: dict[str, int] = {}
        self._previous: bytes | None = None
        self._is_broken = False
        self.open_event: EventWriter | None = None

    def event(
        self, actor: Actor, action: str, inputs: Mapping[str, Any] | None = None
    ) -> EventWriter:
        """Open an event; rows are added to it, and it is sealed when its block ends.

        Args:
            actor: Who, and why.
            action: One of ``guard.custody.ACTIONS``.
            inputs: What went in, by digest and count: never a path, name or text.

        Raises:
            InternalError: The action is unknown, or another event is still open.
        """
        if action not in ACTIONS:
            raise InternalError("an event has an action that is not registered")
        if self.open_event is not None or self._is_broken:
            raise InternalError("an event is opened inside another, or after a failed one")
        self.open_event = EventWriter(self, actor, action, inputs or {})
        return self.open_event

    def leave_event(self, event: EventWriter, is_whole: bool) -> None:
        """Seal the open event, or give up the transaction if it failed."""
        self.open_event = None
        if not is_whole:
            self._is_broken = True
            return
        if self._previous is None:
            self._previous = self._last_sha256()
        self._previous = event.close(self._previous, self._tool, self._clock())

    def purpose_sha256(self, purpose: str) -> str | None:
        """Give the digest under which a purpose was stated before, None when it is new."""
        return self.new_purposes.get(purpose) or self._purposes.get(purpose)

    def next_number(self, table_name: str) -> int:
        """Give out the next row number of a table; read from the database once."""
        known = self._next.get(table_name)
        if known is None:
            form = row_form(table_name)
            with translated():
                last = self._connection.scalar(select(func.max(form.table.c[form.key])))
            known = (last or 0) + 1
        self._next[table_name] = known + 1
        return known

    def peek_number(self, table_name: str) -> int:
        """Give the number that the next row of a table will have."""
        upcoming = self.next_number(table_name)
        self._next[table_name] = upcoming
        return upcoming

    def make_temporary(self, table: Table) -> None:
        """Make an empty table that ends with this connection's use of it; no record."""
        with translated():
            table.drop(self._connection, checkfirst=True)
            table.create(self._connection)

    def write_temporary(self, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write into a temporary table."""
        with translated():
            self._connection.execute(statement, list(rows))

    def hold(self, table_name: str, values: Sequence[Any]) -> None:
        """Keep a shaped row until the next block is written."""
        self._pending.setdefault(table_name, []).append(values)
        self._pending_rows += 1
        if self._pending_rows >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait, parents before children."""
        if not self._pending_rows:
            return
        pending, self._pending, self._pending_rows = self._pending, {}, 0
        try:
            with translated():
                for name in _TABLE_ORDER:
                    if name in pending:
                        table = row_form(name).table
                        self._adapter.write_rows(self._connection, table, pending[name])
        except BaseException:
            self._is_broken = True
            raise

    def finish(self) -> None:
        """Write what waits, and refuse to go on after a failed event."""
        if self._is_broken or self.open_event is not None:
            raise InternalError("a transaction ends with an event that is not whole")
        self.flush()

    def expect_many_rows(self, *, many: bool) -> None:
        """Announce (or end) an import of very many rows."""
        with translated():
            self._adapter.expect_many_rows(self._connection, many=many)

    def fetch(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Read all rows of a query, this transaction's own included."""
        self.flush()
        with translated():
            return list(self._connection.execute(statement, parameters).all())

    def stream(self, statement: Executable) -> Iterator[Any]:
        """Read the rows of a query as they come."""
        self.flush()
        with translated():
            yield from self._connection.execute(statement).yield_per(BLOCK_ROWS)

    def _last_sha256(self) -> bytes:
        last = select(schema.event.c.sha256).order_by(schema.event.c.event_seq.desc()).limit(1)
        with translated():
            found = self._connection.scalar(last)
        return GENESIS_SHA256 if found is None else bytes(found)
