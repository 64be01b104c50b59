"""Counting the entries of a list without looking at each."""

from __future__ import annotations

from sqlalchemy import and_, case, func, select

from firstlight.store.database import Reader
from firstlight.store.schema import entry


def count_entries(reader: Reader, list_id: int) -> dict[str, int]:
    """Count current entries by difference: what was added, less what was replaced.

    Cost: what was added is read off indexes, about 0.1 us an entry; rows that replace others
        are looked at one by one, about 2 us each.
    """
    # A sum keeps the planner off the index by list, which would have it read every row.
    added, with_pdq, with_photodna, derived = (
        reader.fetch(select(func.count()).select_from(entry).where(*terms))[0][0]
        for terms in (
            [entry.c.list_id == list_id],
            [entry.c.list_id + 0 == list_id, entry.c.pdq.is_not(None)],
            [entry.c.list_id == list_id, entry.c.photodna.is_not(None)],
            [entry.c.list_id == list_id, entry.c.derived_from.is_not(None)],
        )
    )
    later, before = entry.alias("later_row"), entry.alias("row_before")
    is_end, is_own = later.c.is_withdrawn.is_(True), later.c.derived_from.is_not(None)
    is_loss = before.c.is_withdrawn.is_(False)
    counted = [
        func.count(case((condition, 1)))
        for condition in (
            is_end,
            is_loss,
            and_(is_own, is_end),
            and_(is_own, is_loss),
            and_(~is_own, is_end),
            and_(~is_own, ~is_loss),
            before.c.pdq.is_not(None),
            before.c.photodna.is_not(None),
        )
    ]
    ends, losses, own_ends, own_losses, withdrawn, revived, pdq, photodna = reader.fetch(
        select(*counted)
        .join_from(later, before, before.c.entry_id == later.c.supersedes)
        .where(later.c.list_id + 0 == list_id, later.c.supersedes.is_not(None))
    )[0]
    # A row that withdraws another is itself no entry, and has no hash left.
    return {
        "entries": added - ends - losses,
        "entries_with_pdq": with_pdq - pdq,
        "entries_with_photodna": with_photodna - photodna,
        "entries_derived": derived - own_ends - own_losses,
        "entries_withdrawn": withdrawn - revived,
    }
