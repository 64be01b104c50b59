"""A home with a log worth proving, and the attacks that a log is proved against."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from tests.unit.store import store_sample as sample

from firstlight.app.heads import custody_folder, origin_of, sign_head
from firstlight.app.home import Home
from firstlight.guard.custody import canonical_json, event_sha256
from firstlight.guard.head import SignedHead
from firstlight.model.event import Actor
from firstlight.store.database import Store
from firstlight.store.migration import REVISIONS
from firstlight.store.rowform import canonical_row, row_form
from firstlight.vault.holder_fact import HolderFacts, Place, first_signing_key, write_facts
from firstlight.vault.signing import HomeSigner

STORE = "store.db"
SIGNER = HomeSigner(sample.SECRET)
ORIGIN = origin_of(sample.SECRET.secret_id)


@dataclass(frozen=True)
class ProvableHome:
    """What the use cases of custody need of a home."""

    path: Path
    store: Store
    actor: Actor = sample.ACTOR
    signer: HomeSigner = SIGNER


def make_home(path: Path) -> None:
    """Make a home whose log has 15 events, with its head signed after each command."""
    path.mkdir()
    with sample.new_store(path, STORE) as store:
        write_facts(
            path,
            HolderFacts(
                sample.SECRET.secret_id,
                Place("passphrase"),
                None,
                (first_signing_key(sample.SECRET),),
            ),
        )
        with (
            store.transaction() as tx,
            tx.event(sample.ACTOR, "initialised", {"revision": REVISIONS[-1]}),
        ):
            pass
        source_id = sample.add_source(store)
        sign(path, store)
        sample.ingest(store, source_id, *(sample.report(n) for n in range(1, 6)))
        sign(path, store)
        other = sample.add_source(store, "Case B", b"/other")
        sample.ingest(store, other, *(sample.report(n) for n in range(6, 11)))
        sign(path, store)


@contextmanager
def opened(path: Path) -> Iterator[Home]:
    """Open the home as the use cases of custody see it."""
    with sample.open_sealed(path / STORE) as store:
        yield cast(Home, ProvableHome(path, store))


def sign(path: Path, store: Store) -> SignedHead | None:
    """Sign the head as each command does at its end."""
    return sign_head(store, SIGNER, custody_folder(path), ORIGIN)


@contextmanager
def behind_the_back(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database as somebody who goes round the program."""
    connection = sqlite3.connect(path / STORE, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        yield connection
    finally:
        connection.close()


def rechain(connection: sqlite3.Connection, change: Callable[[int, dict[str, Any]], None]) -> None:
    """Change events and recompute the whole chain, as an attacker without the key can."""
    connection.row_factory = sqlite3.Row
    previous = bytes(32)
    for row in connection.execute("SELECT * FROM event ORDER BY event_seq").fetchall():
        fields = dict(row)
        del fields["sha256"]
        change(row["event_seq"], fields)
        fields["previous_sha256"] = previous
        digest = event_sha256(**fields)
        names = ", ".join(f"{name} = :{name}" for name in fields)
        connection.execute(
            f"UPDATE event SET {names}, sha256 = :digest WHERE event_seq = :event_seq",
            {**fields, "digest": digest},
        )
        previous = digest


def forge_migration(connection: sqlite3.Connection, table: str) -> None:
    """Attest all rows of a table anew by an event that says it was a migration."""
    form = row_form(table)
    rows = connection.execute(f"SELECT * FROM {table} ORDER BY {form.key}").fetchall()
    digest = sha256(b"".join(canonical_row(form.restore(row)) for row in rows))
    head = connection.execute(
        "SELECT event_seq, sha256 FROM event ORDER BY event_seq DESC LIMIT 1"
    ).fetchone()
    fields: dict[str, Any] = {
        "event_seq": head[0] + 1,
        "at": "2026-01-01T00:00:00.000000Z",
        "actor": "os:nobody",
        "purpose": None,
        "tool": "firstlight",
        "action": "migrated",
        "inputs": canonical_json({"revision": REVISIONS[-1]}),
        "outputs": canonical_json({table: [len(rows), digest.hexdigest()]}),
        "previous_sha256": head[1],
    }
    values = {**fields, "sha256": event_sha256(**fields)}
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO event ({names}) VALUES ({places})", values)


def cut_last(connection: sqlite3.Connection, count: int) -> None:
    """Delete the last events and every row that they wrote."""
    (last,) = connection.execute("SELECT max(event_seq) FROM event").fetchone()
    tables = connection.execute(
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.name = 'event_seq'"
    ).fetchall()
    for (name,) in tables:
        connection.execute(f"DELETE FROM {name} WHERE event_seq > ?", (last - count,))
