"""Whether some events of the log, and all that they recorded, are as they were written."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from firstlight.errors import FirstlightError
from firstlight.model.event import Break
from firstlight.store.catalogue import foreign_entries
from firstlight.store.custody_log import event_at, is_whole
from firstlight.store.database import Snapshot
from firstlight.store.fault import translated
from firstlight.store.rowform import row_form
from firstlight.store.verification import (
    SCHEMA_ALTERED,
    TABLES,
    TableWalk,
    last_rewriting,
    read_outputs,
)


def breaks_of_events(view: Snapshot, numbers: Collection[int]) -> list[Break]:
    """Recompute some events and every row that they wrote; name what differs.

    Cost: one pass over every table in the database, and 10 us for each row of these events.
    Evidence: That the events themselves are those that were signed is what the heads show.
    """
    try:
        with translated():
            return list(dict.fromkeys(_breaks(view, sorted(numbers))))
    except FirstlightError as error:
        return [Break(None, "store-damaged", error.message)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return [Break(None, "event-altered", "an event is not in the form it is written in")]


def _breaks(view: Snapshot, numbers: list[int]) -> Iterator[Break]:
    for reason in foreign_entries(view.connection):
        yield Break(None, SCHEMA_ALTERED, reason)
    attested: dict[int, dict[str, tuple[int, str]]] = {}
    for number in numbers:
        event, following = event_at(view, number), event_at(view, number + 1)
        if event is None:
            yield Break(number, "event-missing", f"event {number} is not there")
            continue
        if not is_whole(event):
            yield Break(number, "event-altered", "an event differs from its own digest")
        if following is not None and following.previous_sha256 != event.sha256:
            yield Break(number + 1, "event-link", "an event does not name the one before it")
        attested[number] = read_outputs(event)
    rewritten_seq, rewritten = last_rewriting(view.connection)
    is_of_before = any(number <= rewritten_seq for number in numbers)
    for name in TABLES:
        form, earlier = row_form(name), 0
        if name in rewritten and is_of_before:
            # What a migration wrote anew, it attests as a whole.
            yield from TableWalk(view.connection, form).compare_before(
                rewritten_seq, rewritten[name]
            )
        if name in rewritten:
            earlier = rewritten_seq
        later = [number for number in attested if number > earlier]
        walk = TableWalk(view.connection, form, later)
        for number in later:
            yield from walk.compare(number, attested[number].get(name))
        yield from walk.rest()
