"""The one form of a row: what is stored, and the canonical text that an event attests.

A canonical row is the JSON array of all its columns in the schema's order: whole numbers and
true/false as such, fractions by their shortest form that reads back alike, bytes as
``{"hex": "..."}``, nothing as ``null``; ASCII, no spaces, ended by a line feed. It is the same
whether made from what is about to be written or from what the database gives back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Double, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from firstlight.errors import InternalError
from firstlight.guard.custody import canonical_json
from firstlight.store.schema import METADATA
from firstlight.store.schema.base import JsonText, WrappedNumber

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def _bytes_form(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"hex": bytes(value).hex()}
    return {"unknown": repr(type(value))}


_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_bytes_form)


def canonical_row(values: Sequence[Any]) -> bytes:
    """Write one stored row in canonical form."""
    return _ENCODER.encode(values).encode("ascii") + b"\n"


def _number(value: Any) -> int:
    return min(max(int(value), _LEAST), _MOST)


def _real(value: Any) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None


def clean_text(value: Any) -> str:
    """Replace what UTF-8 or a database cannot hold: lone surrogates and NUL."""
    text = str(value)
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


_CONVERTERS: tuple[tuple[type[TypeEngine[Any]], Callable[[Any], Any]], ...] = (
    (JsonText, canonical_json),
    (WrappedNumber, str),
    (Boolean, bool),
    (Integer, _number),
    (Double, _real),
    (LargeBinary, bytes),
    (Text, clean_text),
)


def _converter(kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    return next(convert for known, convert in _CONVERTERS if isinstance(kind, known))


class RowForm:
    """How rows of one table are shaped for writing and read back for checking."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names = tuple(column.name for column in table.columns)
        self.key = self.names[0]
        self._names = frozenset(self.names)
        self._columns = tuple((c.name, _converter(c.type)) for c in table.columns)
        self._flags = tuple(
            place for place, c in enumerate(table.columns) if isinstance(c.type, Boolean)
        )

    def shape(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Order and convert the values of a row to be written.

        Raises:
            InternalError: A column is unknown, or a value is of a kind that cannot be stored.
        """
        if not row.keys() <= self._names:
            raise InternalError(f"a record of {self.table.name} has an unknown column")
        get = row.get
        try:
            return tuple(
                [
                    None if (value := get(name)) is None else convert(value)
                    for name, convert in self._columns
                ]
            )
        except (TypeError, ValueError) as error:
            raise InternalError(
                f"a record of {self.table.name} has a value of the wrong kind"
            ) from error

    def restore(self, values: Sequence[Any]) -> Sequence[Any]:
        """Undo what the driver does to true and false, and to nothing else."""
        if not self._flags:
            return values
        restored = list(values)
        for place in self._flags:
            value = restored[place]
            if type(value) is int and value in (0, 1):
                restored[place] = bool(value)
        return restored


@cache
def row_form(table_name: str) -> RowForm:
    """Return the form of a table's rows.

    Raises:
        InternalError: There is no such table.
    """
    table = METADATA.tables.get(table_name)
    if table is None:
        raise InternalError("a record is for an unknown table")
    return RowForm(table)
