"""Checking the store against its custody log: every row of every table, in one pass."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from firstlight.errors import FirstlightError
from firstlight.guard.custody import ChainCheck
from firstlight.model.event import Break, Event
from firstlight.store import schema
from firstlight.store.catalogue import foreign_entries
from firstlight.store.database import Store
from firstlight.store.event import read_event
from firstlight.store.fault import translated
from firstlight.store.migration import REVISIONS
from firstlight.store.rowform import RowForm, canonical_row, row_form

BREAKS_MAX = 1000
"""Breaks that are named; a store with more is lost in any case."""

SCHEMA_ALTERED = "schema-altered"

_BLOCK = 2000
_END = float("inf")
TABLES = tuple(name for name in schema.METADATA.tables if name != "event")


def verify_store(store: Store) -> list[Break]:
    """Recompute the custody chain and every row it attests; name what differs.

    Returns: Breaks in the order of the events they concern, those of no event last; empty
        when log and store are whole.
    Cost: one pass over every table, about 10 us a row; memory of one block a table.
    Evidence: See ``check_chain``: events cut off at the end leave no trace inside the store.
    """
    found: list[Break] = []
    try:
        with store.snapshot() as view:
            for one in _every_break(store, view.connection):
                found.append(one)
                if len(found) >= BREAKS_MAX:
                    break
    except FirstlightError as error:
        found.append(Break(None, "store-damaged", error.message))
    return sorted(found, key=lambda one: (one.event_seq is None, one.event_seq or 0))


def _every_break(store: Store, connection: Connection) -> Iterator[Break]:
    with translated():
        for reason in foreign_entries(connection):
            yield Break(None, SCHEMA_ALTERED, reason)
        for _ in store.adapter.damage(connection, 10):
            yield Break(None, "store-damaged", "the database finds its own file damaged")
        yield from _log_breaks(connection)
        for name, _ in store.adapter.dangling(connection, 100):
            yield Break(None, "row-dangling", f"a record of {name} names one that is not there")
        for code, reason, statement in _RULES:
            for row in connection.execute(statement.limit(100)):
                yield Break(row.event_seq, code, reason)


def _log_breaks(connection: Connection) -> Iterator[Break]:
    chain, migrations = ChainCheck(), _MigrationCheck()
    tables = [TableWalk(connection, row_form(name)) for name in TABLES]
    rewritten_seq, rewritten = last_rewriting(connection)
    for table in tables:
        if table.name in rewritten:
            yield from table.compare_before(rewritten_seq, rewritten[table.name])
    for raw in _raw_rows(connection, row_form("event")):
        try:
            event = read_event(raw)
            attested = read_outputs(event)
            yield from chain.step(event)
            yield from migrations.step(event)
        except (ValueError, TypeError, KeyError, FirstlightError):
            seq = raw[0] if isinstance(raw[0], int) else None
            yield Break(seq, "event-altered", "an event is not in the form it is written in")
            continue
        if event.event_seq <= rewritten_seq:
            for name in rewritten:
                attested.pop(name, None)
        for table in tables:
            if table.name in attested or table.next_seq <= event.event_seq:
                yield from table.compare(event.event_seq, attested.pop(table.name, None))
        if attested:
            yield Break(event.event_seq, "event-altered", "an event attests an unknown table")
    for table in tables:
        yield from table.rest()


class _MigrationCheck:
    """Follows the log's migrations: each leads to a later schema, and none beyond this version's.

    A migration attests anew all rows that are there; were another one believed, whoever can
    write to the store could change a row and say that it was migrated.
    """

    def __init__(self) -> None:
        self._revision = ""

    def step(self, event: Event) -> Iterator[Break]:
        """Check the next event."""
        if event.action not in ("initialised", "migrated"):
            return
        revision = str(json.loads(event.inputs).get("revision", ""))
        if event.action == "migrated" and not self._revision < revision <= REVISIONS[-1]:
            yield Break(event.event_seq, "event-migrated", "a migration that cannot have been")
        self._revision = max(self._revision, revision)


def last_rewriting(connection: Connection) -> tuple[int, dict[str, tuple[int, str]]]:
    """Find the last migration that wrote tables anew: it attests all rows that were there."""
    table = schema.event
    statement = select(table).where(table.c.action == "migrated")
    found = connection.execute(statement.order_by(table.c.event_seq.desc()).limit(1)).first()
    try:
        return (0, {}) if found is None else (int(found.event_seq), read_outputs(read_event(found)))
    except (ValueError, TypeError, KeyError):
        return 0, {}  # named as an altered event when the log comes to it


def read_outputs(event: Event) -> dict[str, tuple[int, str]]:
    """Give what an event attests: for each table the number of its rows and their digest."""
    found = json.loads(event.outputs)
    return {name: (int(count), str(digest)) for name, (count, digest) in found.items()}


def _raw_rows(
    connection: Connection, form: RowForm, among: Collection[int] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Give rows as the driver does, by number: nothing is converted that might hide a change."""
    table = form.table
    statement = select(table).order_by(table.c[form.key])
    if among is not None:
        statement = statement.where(table.c.event_seq.in_(sorted(among)))
    text = str(
        statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    )
    cursor = connection.connection.cursor()
    try:
        with translated():
            cursor.execute(text)
            while block := cursor.fetchmany(_BLOCK):
                yield from block
    finally:
        cursor.close()


class TableWalk:
    """Walks one table beside the log: its rows come in the order of their events.

    Args:
        among: Numbers of events; the rows of others are left out.
    """

    def __init__(
        self, connection: Connection, form: RowForm, among: Collection[int] | None = None
    ) -> None:
        self.name = form.table.name
        self._form = form
        self._rows = _raw_rows(connection, form, among)
        self._next: tuple[Any, ...] | None = None
        self.next_seq: float = 0
        self._advance()

    def _advance(self) -> None:
        self._next = next(self._rows, None)
        if self._next is None:
            self.next_seq = _END
        else:
            # Anything but a number sorts before every event, so that it is met and named.
            seq = self._next[-1]
            self.next_seq = seq if isinstance(seq, int) else 0

    def compare_before(self, event_seq: int, attested: tuple[int, str]) -> Iterator[Break]:
        """Compare all rows of earlier events with what one later event attests of them."""
        count, digest = 0, sha256()
        while self.next_seq < event_seq and self._next is not None:
            digest.update(canonical_row(self._form.restore(self._next)))
            count += 1
            self._advance()
        if (count, digest.hexdigest()) != attested:
            yield self._break(event_seq, "row-altered", "they differ from what was migrated")

    def compare(self, event_seq: int, attested: tuple[int, str] | None) -> Iterator[Break]:
        """Compare the rows of one event with what it attests."""
        yield from self._strays(event_seq)
        count, digest = 0, sha256()
        while self.next_seq == event_seq and self._next is not None:
            digest.update(canonical_row(self._form.restore(self._next)))
            count += 1
            self._advance()
        expected, expected_digest = attested or (0, "")
        if count < expected:
            yield self._break(event_seq, "row-missing", f"{expected - count} are missing")
        elif count > expected:
            yield self._break(event_seq, "row-added", f"{count - expected} were added")
        elif expected and digest.hexdigest() != expected_digest:
            yield self._break(event_seq, "row-altered", "one or more differ")

    def rest(self) -> Iterator[Break]:
        """Name the rows that are left when the log has ended."""
        yield from self._strays(_END)

    def _strays(self, before_seq: float) -> Iterator[Break]:
        """Step over rows that stand where no row of their event belongs."""
        while self.next_seq < before_seq:
            seq = int(self.next_seq) or None
            yield self._break(seq, "row-stray", "one belongs to no event")
            self._advance()

    def _break(self, event_seq: int | None, code: str, reason: str) -> Break:
        return Break(event_seq, code, f"records of {self.name}: {reason}")


def _rules() -> list[tuple[str, str, Any]]:
    seen, event = schema.sighting, schema.event
    first, later, entry = seen.alias("earlier"), seen.alias("later"), schema.entry
    before = entry.alias("before")
    ingested = (
        select(seen.c.event_seq)
        .join(event, event.c.event_seq == seen.c.event_seq)
        .where(or_(seen.c.supersedes.is_(None), event.c.action == "ingested"))
        .where(~and_(seen.c.supersedes.is_(None), event.c.action == "ingested"))
    )
    repeated = (
        select(func.min(seen.c.event_seq).label("event_seq"))
        .where(seen.c.supersedes.is_(None))
        .group_by(seen.c.source_id, seen.c.item_mac)
        .having(func.count() > 1)
    )
    elsewhere = (
        select(later.c.event_seq)
        .join(first, first.c.sighting_id == later.c.supersedes)
        .where(
            or_(
                first.c.source_id != later.c.source_id,
                first.c.item_mac != later.c.item_mac,
                first.c.sighting_id >= later.c.sighting_id,
            )
        )
    )
    other_key = (
        select(entry.c.event_seq)
        .join(before, before.c.entry_id == entry.c.supersedes)
        .where(
            or_(
                before.c.entry_key != entry.c.entry_key,
                before.c.list_id != entry.c.list_id,
                before.c.entry_id >= entry.c.entry_id,
            )
        )
    )
    return [
        ("item-not-once", "an item was not recorded by exactly one ingested event", ingested),
        ("item-not-once", "an item was recorded for the first time more than once", repeated),
        ("item-replaced", "a sighting takes the place of another item's", elsewhere),
        ("entry-replaced", "an entry takes the place of another one's", other_key),
    ]


_RULES = _rules()
