"""Indexes of migrations: over all rows, or over those that have a value."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


def make_index(
    name: str, table: str, columns: list[str], *, present: str | None = None, unique: bool = False
) -> None:
    """Make an index; ``present`` names the column without which a row is left out."""
    where = None if present is None else sa.text(f"{present} IS NOT NULL")
    options: dict[str, Any] = (
        {} if where is None else {"sqlite_where": where, "postgresql_where": where}
    )
    op.create_index(name, table, columns, unique=unique, **options)
