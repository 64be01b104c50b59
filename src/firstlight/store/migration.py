"""Bringing a store to this version's schema, and refusing one that is newer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, text

from firstlight.errors import StoreAlteredError, StoreError, StoreVersionError
from firstlight.model.ports import Sealer
from firstlight.store.catalogue import VERSION_TABLE, foreign_entries, foreign_kinds
from firstlight.store.fault import translated

if TYPE_CHECKING:
    from firstlight.store.sqlite import SqliteAdapter

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every revision of the schema, oldest first; the last is this version's."""

UNSEALED_REVISIONS = REVISIONS[:3]
"""Those that kept contents in the clear."""


Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """What bringing up to date needs.

    Args:
        sealer: Seals what older versions kept open.
        tool: Program and version, for the event that says so.
        before: Called before a store with records in it is touched: makes a backup, and gives
            what takes it away again, for a migration that leaves the store as it was.
    """

    sealer: Sealer
    tool: str
    before: Callable[[], Undo | None] | None = None


def read_revision(connection: Connection) -> str | None:
    """Read which revision a store is of; None where there is no table at all.

    Raises:
        StoreError: The database holds tables, and they are not ours.
    """
    names = inspect(connection).get_table_names()
    if not names:
        return None
    if VERSION_TABLE not in names:
        raise StoreError("the file is a database, but not a store")
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608
    if len(found) != 1:
        raise StoreError("the store does not say which version it is of")
    return str(found[0])


def bring_up_to_date(
    adapter: SqliteAdapter,
    connection: Connection,
    migration: Migration,
    *,
    create: bool,
    read_only: bool,
) -> None:
    """Check a store's revision and migrate it if it is older or empty.

    Cost: one look at the catalogue when it is up to date; Alembic is imported only when not.

    Raises:
        StoreAlteredError: It is opened for writing and has what no schema of ours has: a
            trigger, a view, another table, a table of another form.
        StoreVersionError: The store is newer, or older and opened read-only.
        StoreError: The file is no store.
    """
    with translated():
        revision = read_revision(connection)
        if revision == REVISIONS[-1]:
            if not read_only:
                _refuse_altered(foreign_entries(connection))
            return
        _refuse(revision, create=create, read_only=read_only)
        _refuse_altered(foreign_kinds(connection))
        undo = None
        if revision is not None:
            _refuse_altered(_other_columns(connection, migration, revision))
            undo = None if migration.before is None else migration.before()
        try:
            adapter.begin_migration(connection)
            # Another process may have done it while this one waited for the lock.
            if read_revision(connection) != REVISIONS[-1]:
                _migrate(connection, migration, REVISIONS[-1])
            _refuse_altered(foreign_entries(connection))
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            adapter.roll_back(connection)
            if undo is not None:
                undo()
            raise
        adapter.end_migration(connection)


def _refuse(revision: str | None, *, create: bool, read_only: bool) -> None:
    if revision is None:
        if read_only or not create:
            raise StoreError("there is no store in this file")
    elif revision not in REVISIONS:
        raise StoreVersionError("the store was written by a newer version of Firstlight")
    elif read_only:
        raise StoreVersionError("the store is older: open it once for writing to bring it up")


def _refuse_altered(said: list[str]) -> None:
    if said:
        raise StoreAlteredError(
            f"the store was altered ({said[0]}): nothing is written to it; run `firstlight verify`"
        )


def _other_columns(connection: Connection, migration: Migration, revision: str) -> list[str]:
    """Say which tables are not those of the revision that an older store claims to be of."""
    with create_engine("sqlite://").connect() as empty:
        _migrate(empty, migration, revision)
        expected = _columns(empty)
    found = _columns(connection)
    return [
        f"the table {name} is not of the version that it claims to be of"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def _columns(connection: Connection) -> dict[str, set[str]]:
    seen = inspect(connection)
    return {
        name: {str(column["name"]) for column in seen.get_columns(name)}
        for name in seen.get_table_names()
    }


def _migrate(connection: Connection, migration: Migration, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    place = str(files("firstlight.store").joinpath("migrations"))
    config.set_main_option("script_location", place.replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["migration"] = migration
    command.upgrade(config, revision)
