"""The one form of a row: what is stored, and the canonical bytes that an event attests.

A canonical row is the MessagePack array of all its columns in the schema's order, each in its
shortest encoding: whole numbers, true/false, fractions as 64-bit floats, text as UTF-8, bytes,
nothing as nil. It is the same whether made from what is about to be written or from what the
database gives back, and one row after another needs no separator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgpack
from sqlalchemy import Boolean, Double, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from firstlight.errors import InternalError
from firstlight.guard.custody import canonical_json
from firstlight.model.ports import Sealer
from firstlight.store.schema import METADATA
from firstlight.store.schema.base import JsonText, WrappedNumber

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_MOST_SEALED = (1 << 64) - 1
"""File systems number their files without a sign; MessagePack keeps such numbers whole."""


def canonical_row(values: Sequence[Any]) -> bytes:
    """Write one stored row in canonical form."""
    return bytes(msgpack.packb(values, use_bin_type=True))


def _number(value: Any) -> int:
    return min(max(int(value), _LEAST), _MOST)


def _real(value: Any) -> float | None:
    # SQLite keeps no negative zero, so none is written: the digest must be of what is stored.
    value = float(value) + 0.0
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


@dataclass(frozen=True, slots=True)
class _Hash:
    """A column that holds a keyed hash: of which field, for which use, under whose key."""

    of: str
    use: str
    of_home: bool


def _sealable(value: Any) -> Any:
    """Bring a field that will be sealed into one form."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list | tuple):
        return [_sealable(part) for part in value]
    if isinstance(value, float):
        return _real(value)
    if value is None or isinstance(value, bool | bytes):
        return value
    if isinstance(value, int):
        return min(max(int(value), _LEAST), _MOST_SEALED)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise InternalError("a sealed field has a value of the wrong kind")


def _sealable_bytes(value: Any) -> bytes | None:
    """Bring a field into one form that must come back as bytes."""
    if value is None or isinstance(value, bytes | bytearray | memoryview):
        return None if value is None else bytes(value)
    raise InternalError("a sealed field has a value of the wrong kind")


class RowForm:
    """How rows of one table are shaped for writing and read back for checking."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names = tuple(column.name for column in table.columns)
        self.key = self.names[0]
        self.sealed_fields = {
            c.name: tuple(c.info["fields"]) for c in table.columns if "fields" in c.info
        }
        self._bytes_fields = frozenset(
            name for c in table.columns for name in c.info.get("of_bytes", ())
        )
        self._hashes = {c.name: _Hash(**c.info) for c in table.columns if "use" in c.info}
        self._case_place = self.names.index("case_id") if "case_id" in self.names else None
        guarded = {*self.sealed_fields, *self._hashes}
        self._names = (
            frozenset(name for name in self.names if name not in guarded)
            .union(*self.sealed_fields.values())
            .union(one.of for one in self._hashes.values())
        )
        by_place = [
            (place, _converter(c.type))
            for place, c in enumerate(table.columns)
            if c.name not in guarded
        ]
        self._numbers = tuple(place for place, convert in by_place if convert is _number)
        self._texts = tuple(place for place, convert in by_place if convert is clean_text)
        self._flags = tuple(place for place, convert in by_place if convert is bool)
        sorted_out = {*self._numbers, *self._texts}
        self._others = tuple(one for one in by_place if one[0] not in sorted_out)

    def shape(self, row: Mapping[str, Any]) -> list[Any]:
        """Order and convert the values of a row to be written.

        Raises:
            InternalError: A column is unknown, or a value is of a kind that cannot be stored.
        """
        if not row.keys() <= self._names:
            raise InternalError(f"a record of {self.table.name} has an unknown column")
        get = row.get
        values = [get(name) for name in self.names]
        try:
            self._convert(values)
        except (TypeError, ValueError, OverflowError) as error:
            raise InternalError(
                f"a record of {self.table.name} has a value of the wrong kind"
            ) from error
        return values

    def _convert(self, values: list[Any]) -> None:
        # Nearly every value is as it should be; the tests in line cost less than a call.
        for place in self._numbers:
            value = values[place]
            if value is not None and (type(value) is not int or not _LEAST <= value <= _MOST):
                values[place] = _number(value)
        for place in self._texts:
            value = values[place]
            if value is not None and (
                type(value) is not str or not value.isascii() or "\x00" in value
            ):
                values[place] = clean_text(value)
        for place, convert in self._others:
            value = values[place]
            if value is not None:
                values[place] = convert(value)

    def protect(self, values: list[Any], row: Mapping[str, Any], sealer: Sealer) -> None:
        """Seal the fields of a row that are sealed, and hash those that it is found by.

        Args:
            values: As ``shape`` gave them, with the row's own number filled in.

        Raises:
            InternalError: A field has a value of the wrong kind.
        """
        if not self.sealed_fields and not self._hashes:
            return
        case_id = None if self._case_place is None else values[self._case_place]
        for place, name in enumerate(self.names):
            if name in self._hashes:
                found = row.get(self._hashes[name].of)
                if found is not None:
                    values[place] = self.keyed_hash(sealer, name, case_id, found)
            elif name in self.sealed_fields:
                context = self.context(values[0], name)
                values[place] = sealer.seal(case_id, context, self._pack(name, row))

    def _pack(self, name: str, row: Mapping[str, Any]) -> bytes:
        return canonical_row(
            [
                (_sealable_bytes if field in self._bytes_fields else _sealable)(row.get(field))
                for field in self.sealed_fields[name]
            ]
        )

    def keyed_hash(self, sealer: Sealer, name: str, case_id: int | None, value: Any) -> bytes:
        """Hash a value as the column of that name does."""
        one = self._hashes[name]
        plain = value if isinstance(value, bytes) else clean_text(value).encode()
        return sealer.mac(None if one.of_home else case_id, one.use, plain)

    def context(self, row_number: int, column: str) -> bytes:
        """Name the place to which a seal is bound."""
        return f"{self.table.name}.{column}:{row_number}".encode()

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
