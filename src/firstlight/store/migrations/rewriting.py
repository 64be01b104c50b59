"""Writing tables anew in a later form: a migration attests what it wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, insert, text

from firstlight.guard.access import current_actor
from firstlight.guard.custody import canonical_json, event_sha256, write_time
from firstlight.store.migration import Migration
from firstlight.store.rowform import RowForm, canonical_row

_BLOCK = 2000


class Rewriting:
    """One migration's work on tables that keep their name and change their columns.

    Rows keep the event that wrote them first; the migration's own event attests them as they
    stand now, and names the head of the log as it stood before.
    """

    def __init__(self, connection: Connection, migration: Migration) -> None:
        self.connection = connection
        self.sealer = migration.sealer
        self._tool = migration.tool
        self._outputs: dict[str, tuple[int, str]] = {}

    def move_away(self, *names: str) -> None:
        """Rename tables to ``old_...`` and drop their indexes, whose names are needed again."""
        for name in names:
            self.connection.execute(text(f"ALTER TABLE {name} RENAME TO old_{name}"))
            found = self.connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"
                     " AND sql IS NOT NULL"),
                {"table": f"old_{name}"},
            )  # fmt: skip
            for index in found.scalars().all():
                self.connection.execute(text(f"DROP INDEX {index}"))

    def old_rows(self, name: str, key: str) -> Iterable[Any]:
        """Give the rows of a table that was moved away, by number."""
        statement = text(f"SELECT * FROM old_{name} ORDER BY {key}")  # noqa: S608 - own names
        return self.connection.execute(statement).all()

    def write(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make a table and fill it; rows have their number and event with them."""
        table.create(self.connection)
        form, digest, count = RowForm(table), sha256(), 0
        block: list[dict[str, Any]] = []
        for row in rows:
            values = form.shape(row)
            form.protect(values, row, self.sealer)
            digest.update(canonical_row(values))
            count += 1
            block.append(dict(zip(form.names, values, strict=True)))
            if len(block) >= _BLOCK:
                self._insert(table, block)
                block = []
        self._insert(table, block)
        if count:
            self._outputs[table.name] = (count, digest.hexdigest())

    def _insert(self, table: Table, block: list[dict[str, Any]]) -> None:
        if block:
            self.connection.exec_driver_sql(
                str(insert(table).compile(dialect=self.connection.dialect)),
                [tuple(row.values()) for row in block],
            )

    def drop_old(self, *names: str) -> None:
        """Drop the tables that were moved away."""
        for name in names:
            self.connection.execute(text(f"DROP TABLE old_{name}"))

    def attest(self, revision: str) -> None:
        """Write the event; a store without events has nothing to attest."""
        head = self.connection.execute(
            text("SELECT event_seq, sha256 FROM event ORDER BY event_seq DESC LIMIT 1")
        ).first()
        if head is None:
            return
        fields: dict[str, Any] = {
            "event_seq": head.event_seq + 1,
            "at": write_time(datetime.now(UTC)),
            "actor": current_actor(None).name,
            "purpose": None,
            "tool": self._tool,
            "action": "migrated",
            "inputs": canonical_json({"revision": revision, "head_sha256": head.sha256.hex()}),
            "outputs": canonical_json({k: list(v) for k, v in self._outputs.items()}),
            "previous_sha256": head.sha256,
        }
        values = {**fields, "sha256": event_sha256(**fields)}
        places = ", ".join(f":{name}" for name in values)
        self.connection.execute(
            text(f"INSERT INTO event ({', '.join(values)}) VALUES ({places})"),  # noqa: S608
            values,
        )
