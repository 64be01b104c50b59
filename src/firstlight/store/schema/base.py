"""What all tables share: one metadata, the column kinds, a number and an event for every row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""64-bit signed; on SQLite the word INTEGER makes a primary key the row's own number."""


class JsonText(Text):
    """Text that holds canonical JSON."""


class WrappedNumber(Text):
    """An unsigned 64-bit number of a file system, as decimal text: SQL numbers are signed."""


def record_table(name: str, key: str, *items: Any, metadata: MetaData = METADATA) -> Table:
    """Make an append-only table: a number of its own first, the event that wrote it last.

    Args:
        metadata: Another one for the tables of a migration, which stay as they were then.
    """
    return Table(
        name,
        metadata,
        Column(key, NUMBER, primary_key=True, autoincrement=False),
        *items[: _columns(items)],
        Column("event_seq", NUMBER, nullable=False),
        *items[_columns(items) :],
    )


def _columns(items: tuple[Any, ...]) -> int:
    return sum(isinstance(item, Column) for item in items)


def number(name: str, *, null: bool = False) -> Column[Any]:
    """Whole number."""
    return Column(name, NUMBER, nullable=null)


def real(name: str) -> Column[Any]:
    """Number with a fraction; may be NULL."""
    return Column(name, Double(), nullable=True)


def text(name: str, *, null: bool = False) -> Column[Any]:
    """Unicode text."""
    return Column(name, Text(), nullable=null)


def blob(name: str, *, null: bool = False) -> Column[Any]:
    """Bytes."""
    return Column(name, LargeBinary(), nullable=null)


def flag(name: str, *, null: bool = False) -> Column[Any]:
    """True or false."""
    return Column(name, Boolean(), nullable=null)


def json_text(name: str, *, null: bool = True) -> Column[Any]:
    """Canonical JSON."""
    return Column(name, JsonText(), nullable=null)


def unsigned(name: str) -> Column[Any]:
    """Unsigned 64-bit number of a file system; may be NULL."""
    return Column(name, WrappedNumber(), nullable=True)


def sealed(*fields: str, name: str = "sealed", of_bytes: tuple[str, ...] = ()) -> Column[Any]:
    """Fields of a row under the key of its case (``case_id``; the home's where that is NULL).

    Rows are written and read by field; the column holds what ``Sealer.seal`` made of them.

    Args:
        of_bytes: Fields that hold bytes and nothing else.
    """
    info = {"fields": fields, "of_bytes": of_bytes}
    return Column(name, LargeBinary(), nullable=False, info=info)


def keyed_hash(
    name: str, of: str, use: str, *, of_home: bool = False, null: bool = False
) -> Column[Any]:
    """Keyed hash of a field, by which a row is found without being opened.

    Args:
        of: Field of the written row; need not be stored anywhere else.
        use: What ``Sealer.mac`` is told.
        of_home: Under the home's key, so that cases can be compared; else under the case's.
    """
    info = {"of": of, "use": use, "of_home": of_home}
    return Column(name, LargeBinary(), nullable=null, info=info)


def reference(name: str, target: str, *, null: bool = False) -> Column[Any]:
    """Number (or, for a media, name) of a row in another table."""
    kind = Text() if target == "media.media_id" else NUMBER
    return Column(name, kind, ForeignKey(target), nullable=null)
