"""Near-copies as they are stored: pairs of media whose PDQ hashes lie close together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from firstlight.store.current import blocks, is_live, media_seen
from firstlight.store.database import Reader
from firstlight.store.schema import near_copy, near_copy_progress


@dataclass(frozen=True, slots=True)
class NearCopyRow:
    """A pair of media; ``media_id_a`` is the smaller name."""

    media_id_a: str
    media_id_b: str
    distance_bits: int
    variant: str
    frame_a: int
    frame_b: int


_COLUMNS = (
    near_copy.c.media_id_a,
    near_copy.c.media_id_b,
    near_copy.c.distance_bits,
    near_copy.c.variant,
    near_copy.c.frame_a,
    near_copy.c.frame_b,
)


def only_new_near_copies(reader: Reader, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Order each pair, keep the nearest of a pair, and drop pairs that are recorded already."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = _ordered(row)
        pair = one["media_id_a"], one["media_id_b"]
        if pair[0] == pair[1]:
            continue
        before = best.get(pair)
        if before is None or one["distance_bits"] < before["distance_bits"]:
            best[pair] = one
    for block in blocks(dict.fromkeys(pair[0] for pair in best)):
        statement = select(near_copy.c.media_id_a, near_copy.c.media_id_b)
        for found in reader.fetch(statement.where(near_copy.c.media_id_a.in_(block))):
            best.pop((found.media_id_a, found.media_id_b), None)
    return list(best.values())


def _ordered(row: Mapping[str, Any]) -> dict[str, Any]:
    one = {"frame_a": 0, "frame_b": 0, **row}
    if one["media_id_a"] > one["media_id_b"]:
        one["media_id_a"], one["media_id_b"] = one["media_id_b"], one["media_id_a"]
        one["frame_a"], one["frame_b"] = one["frame_b"], one["frame_a"]
    return one


def near_copies(
    reader: Reader, *, case_id: int | None = None, media_ids: Iterable[str] | None = None
) -> Iterator[NearCopyRow]:
    """Give pairs of which at least one media is in the case, or among those named.

    Evidence: A pair is one distance. That A is near B and B near C does not make A near C.
    """
    both = is_live(near_copy.c.media_id_a), is_live(near_copy.c.media_id_b)
    statement = select(*_COLUMNS).where(*both).order_by(near_copy.c.near_copy_id)
    if case_id is not None:
        seen = media_seen(case_id=case_id)
        statement = statement.where(
            or_(near_copy.c.media_id_a.in_(seen), near_copy.c.media_id_b.in_(seen))
        )
    if media_ids is None:
        for row in reader.stream(statement):
            yield NearCopyRow(*row)
        return
    given: set[tuple[str, str]] = set()
    for block in blocks(media_ids, 400):
        named = or_(near_copy.c.media_id_a.in_(block), near_copy.c.media_id_b.in_(block))
        for row in reader.fetch(statement.where(named)):
            if (pair := (row.media_id_a, row.media_id_b)) not in given:
                given.add(pair)
                yield NearCopyRow(*row)


def progress_of_near_copies(reader: Reader) -> int:
    """Read up to which PDQ hash media have been compared with one another."""
    found = reader.fetch(
        select(near_copy_progress.c.last_pdq_id)
        .order_by(near_copy_progress.c.near_copy_progress_id.desc())
        .limit(1)
    )
    return int(found[0][0]) if found else 0
