"""A home with a log worth proving, and the attacks that a log is proved against."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tests.unit.store import store_sample as sample

from firstlight.app.heads import custody_folder, origin_of, sign_head
from firstlight.app.home import Home
from firstlight.guard.custody import event_sha256
from firstlight.guard.head import SignedHead
from firstlight.model.event import Actor
from firstlight.store.database import Store
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
    """Make a home whose log has 14 events, with its head signed after each command."""
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


def cut_last(connection: sqlite3.Connection, count: int) -> None:
    """Delete the last events and every row that they wrote."""
    (last,) = connection.execute("SELECT max(event_seq) FROM event").fetchone()
    tables = connection.execute(
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.name = 'event_seq'"
    ).fetchall()
    for (name,) in tables:
        connection.execute(f"DELETE FROM {name} WHERE event_seq > ?", (last - count,))
