"""Fingerprints as they are stored; the newest reading of a media counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from firstlight.model.fingerprint import MATCHABLE_QUALITY, PdqHash, Reading
from firstlight.store.current import blocks, is_current_reading, is_live, media_seen
from firstlight.store.database import Reader
from firstlight.store.item import read_pdq
from firstlight.store.metadata import Contents, contents_of, current_metadata
from firstlight.store.schema import metadata, pdq, reading


@dataclass(frozen=True, slots=True)
class PdqRow:
    """A PDQ hash that can be compared."""

    pdq_id: int
    media_id: str
    frame_index: int
    codes: bytes
    route: str
    quality: int
    time_s: float | None


@dataclass(frozen=True, slots=True)
class StoredReading:
    """The newest reading of a media, whole."""

    reading_id: int
    media_id: str
    reading: Reading
    pipeline: str
    run_id: int | None = None
    event_seq: int = 0


def pdq_rows(
    reader: Reader,
    *,
    after_pdq_id: int = 0,
    case_id: int | None = None,
    min_quality: int = MATCHABLE_QUALITY,
) -> Iterator[PdqRow]:
    """Give the PDQ hashes of current readings, by number.

    Cost: streams; about 5 us a hash.
    """
    statement = (
        select(
            pdq.c.pdq_id,
            pdq.c.media_id,
            pdq.c.frame_index,
            pdq.c.codes,
            pdq.c.route,
            pdq.c.quality,
            pdq.c.time_s,
        )
        .where(pdq.c.pdq_id > after_pdq_id, pdq.c.quality >= min_quality)
        .where(is_current_reading(pdq.c.reading_id, pdq.c.media_id), is_live(pdq.c.media_id))
        .order_by(pdq.c.pdq_id)
    )
    if case_id is not None:
        statement = statement.where(pdq.c.media_id.in_(media_seen(case_id=case_id)))
    for row in reader.stream(statement):
        yield PdqRow(*row)


def last_pdq_id(reader: Reader) -> int:
    """Give the number of the newest PDQ hash, 0 where there is none."""
    return int(reader.fetch(select(func.coalesce(func.max(pdq.c.pdq_id), 0)))[0][0])


def readings_to_copy(
    reader: Reader, case_id: int, media_ids: Iterable[str]
) -> dict[str, tuple[int, Reading]]:
    """Find media that were read in other cases alone: their current reading, by number, whole.

    The metadata of a media is sealed under the key of the case it was read in; a case that
    meets it later needs a copy of its own, which stays when the other case is erased.
    """
    found: dict[str, tuple[int, Reading]] = {}
    own = metadata.alias("own_metadata")
    for block in blocks(media_ids):
        has_own = select(own.c.metadata_id).where(
            own.c.reading_id == metadata.c.reading_id, own.c.case_id == case_id
        )
        statement = current_metadata(metadata.c.media_id).where(
            metadata.c.media_id.in_(block), ~has_own.exists()
        )
        names = [row.media_id for row in reader.fetch(statement)]
        for stored in load_readings(reader, names, with_tags=True).values():
            found[stored.media_id] = (stored.reading_id, stored.reading)
    return found


def load_readings(
    reader: Reader, media_ids: Iterable[str], *, with_tags: bool = False
) -> dict[str, StoredReading]:
    """Give the newest reading of each media, with its PDQ hashes and metadata."""
    found: dict[str, StoredReading] = {}
    for block in blocks(media_ids):
        statement = select(reading).where(
            reading.c.media_id.in_(block),
            is_current_reading(reading.c.reading_id, reading.c.media_id),
            is_live(reading.c.media_id),
        )
        rows = reader.fetch(statement)
        ids = [row.reading_id for row in rows]
        codes = _pdq_of(reader, ids)
        contents = contents_of(reader, ids, with_tags=with_tags)
        for row in rows:
            found[row.media_id] = StoredReading(
                row.reading_id,
                row.media_id,
                _reading(row, codes.get(row.reading_id, []), contents.get(row.reading_id)),
                row.pipeline,
                row.run_id,
                row.event_seq,
            )
    return found


def _reading(row: Any, codes: list[PdqHash], contents: Contents | None) -> Reading:
    found, container = contents or (None, ())
    return Reading(
        width_px=row.width_px,
        height_px=row.height_px,
        frame_count=row.frame_count,
        duration_s=row.duration_s,
        is_truncated=bool(row.is_truncated),
        has_thumbnail=bool(row.has_thumbnail),
        pdq=tuple(codes),
        metadata=found,
        container=container,
    )


def _pdq_of(reader: Reader, reading_ids: list[int]) -> dict[int, list[PdqHash]]:
    found: dict[int, list[PdqHash]] = {}
    statement = select(pdq).where(pdq.c.reading_id.in_(reading_ids)).order_by(pdq.c.pdq_id)
    for row in reader.fetch(statement):
        found.setdefault(row.reading_id, []).append(read_pdq(row))
    return found
