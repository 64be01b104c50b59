"""Sources: where material came from, what was stated of it, and the runs over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from firstlight.app.home import Home
from firstlight.errors import UsageError
from firstlight.store.source import SourceRow, find_source


@dataclass(frozen=True, slots=True)
class SourceStatement:
    """What a person states of a source; None is "not stated".

    Args:
        received_at: ISO 8601 in UTC.
    """

    exhibit: str | None
    custodian: str | None
    legal_basis: str | None
    received_at: str | None

    @classmethod
    def parse(
        cls,
        exhibit: str | None,
        custodian: str | None,
        legal_basis: str | None,
        received_at: str | None,
    ) -> SourceStatement:
        """Check what was given.

        Raises:
            UsageError: The time is no ISO 8601 time with a zone.
        """
        moment = None
        if received_at is not None:
            try:
                moment = datetime.fromisoformat(received_at)
            except ValueError as error:
                raise UsageError("--received-at is not an ISO 8601 time") from error
            if moment.tzinfo is None:
                raise UsageError("--received-at needs a zone, for example 2026-05-01T09:30+02:00")
        stated_at = None if moment is None else moment.astimezone(UTC).isoformat()
        return cls(exhibit, custodian, legal_basis, stated_at)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stated."""
        return (self.exhibit, self.custodian, self.legal_basis, self.received_at) == (None,) * 4


def open_source(home: Home, case_id: int, path: bytes, statement: SourceStatement) -> SourceRow:
    """Return a source of a case, adding it or what is newly stated of it."""
    row = find_source(home.store, case_id, path)
    if row is not None and (statement.is_empty or _says(row) == _merged(row, statement)):
        return row
    with home.store.transaction() as transaction:
        if row is None:
            kind = "folder" if os.path.isdir(path) else "file"
            with transaction.event(home.actor, "added-source", {"kind": kind}) as event:
                source_id = event.add("source", {"case_id": case_id, "path": path, "kind": kind})
                event.add("source_statement", _statement_values(source_id, case_id, statement))
        else:
            merged = SourceStatement(*_merged(row, statement))
            with transaction.event(home.actor, "stated-source", {}) as event:
                event.add("source_statement", _statement_values(row.source_id, case_id, merged))
    found = find_source(home.store, case_id, path)
    assert found is not None  # noqa: S101 - written in the transaction above
    return found


def begin_run(home: Home, source_id: int, settings: Mapping[str, Any]) -> int:
    """Record that reading a source begins.

    Args:
        settings: By which it is read; passwords are not among them.
    """
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "began-run", {"source": source_id}) as event,
    ):
        values = {"source_id": source_id, "state": "begun", "settings": dict(settings)}
        return event.add("run", values)


def end_run(
    home: Home, source_id: int, run_id: int, counts: Mapping[str, int], *, is_interrupted: bool
) -> None:
    """Record how reading a source ended."""
    state, action = ("interrupted", "interrupted-run") if is_interrupted else ("ended", "ended-run")
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, action, {"source": source_id, **counts}) as event,
    ):
        event.add(
            "run",
            {
                "source_id": source_id,
                "state": state,
                "counts": dict(counts),
                "begun_run_id": run_id,
            },
        )


def _says(row: SourceRow) -> tuple[Any, ...]:
    return (row.exhibit, row.custodian, row.legal_basis, row.received_at)


def _merged(row: SourceRow, statement: SourceStatement) -> tuple[Any, ...]:
    stated = (
        statement.exhibit,
        statement.custodian,
        statement.legal_basis,
        statement.received_at,
    )
    return tuple(
        new if new is not None else old for new, old in zip(stated, _says(row), strict=True)
    )


def _statement_values(source_id: int, case_id: int, statement: SourceStatement) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "case_id": case_id,
        "exhibit": statement.exhibit,
        "custodian": statement.custodian,
        "legal_basis": statement.legal_basis,
        "received_at": statement.received_at,
    }
