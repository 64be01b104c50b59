"""Turning what a database driver raises into errors of ours, with messages that are safe to log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from firstlight.errors import ConflictError, FirstlightError, InternalError, StoreError

_MESSAGES = {
    sqlite3.SQLITE_BUSY: "the store is locked by another process",
    sqlite3.SQLITE_LOCKED: "the store is locked by another process",
    sqlite3.SQLITE_READONLY: "the store cannot be written: it is read-only",
    sqlite3.SQLITE_FULL: "the store cannot be written: the disk is full",
    sqlite3.SQLITE_IOERR: "the store cannot be read or written: input/output error",
    sqlite3.SQLITE_CORRUPT: "the store is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not a store",
    sqlite3.SQLITE_CANTOPEN: "the store cannot be opened",
    sqlite3.SQLITE_PERM: "the store may not be opened",
    sqlite3.SQLITE_AUTH: "the store may not be opened",
    sqlite3.SQLITE_NOMEM: "the store ran out of memory",
    sqlite3.SQLITE_TOOBIG: "a record is too large for the store",
}

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
"""The index of the write-ahead log, which lies beside the store, finds no room either."""


def translate(error: BaseException) -> FirstlightError:
    """Say in our words what the database said.

    The driver's own text goes into ``detail``: it may name the file.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_CONSTRAINT:
        if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
            return ConflictError("a record of this name exists already", detail=str(cause))
        return InternalError("a record breaks a rule of the store", detail=str(cause))
    if code in _FULL:
        primary = sqlite3.SQLITE_FULL
    message = _MESSAGES.get(primary, "the store failed") if primary else "the store failed"
    return StoreError(message, detail=str(cause))


@contextmanager
def translated() -> Iterator[None]:
    """Let no error of the driver or of SQLAlchemy out of the store."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise translate(error) from error
