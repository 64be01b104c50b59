"""What the store says must lie beside it: keys of cases, and kept contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from firstlight.store.current import is_not_erased
from firstlight.store.database import Reader
from firstlight.store.kept import is_kept
from firstlight.store.schema import case_file, kept


@dataclass(frozen=True, slots=True)
class KeptPlace:
    """Where one kept content lies, and the event that says so."""

    case_id: int
    blob_name: bytes
    size_bytes: int
    pack: int | None
    offset_bytes: int | None
    event_seq: int


def living_cases(reader: Reader) -> dict[int, int]:
    """Give the cases that were not erased, by number: the event that opened each; needs no key."""
    statement = select(case_file.c.case_id, case_file.c.event_seq)
    rows = reader.fetch(statement.where(is_not_erased(case_file.c.case_id)))
    return {row.case_id: row.event_seq for row in rows}


def kept_places(reader: Reader) -> Iterator[KeptPlace]:
    """Give where everything lies that is kept, in the order it was put in; needs no key."""
    columns = [kept.c[name] for name in KeptPlace.__dataclass_fields__]
    for row in reader.stream(select(*columns).where(is_kept()).order_by(kept.c.kept_id)):
        yield KeptPlace(*row)
