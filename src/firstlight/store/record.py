"""All that is known of a media: where it was seen, what was read, what it matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from firstlight.model.fingerprint import Reading
from firstlight.store.current import blocks
from firstlight.store.database import Reader
from firstlight.store.fingerprint import load_readings
from firstlight.store.match import MatchRow, matches_of
from firstlight.store.media import MediaRow, load_media, media_page
from firstlight.store.sighting import SightingRow, sightings_of

RECORD_BLOCK = 900


@dataclass(frozen=True, slots=True)
class MediaRecord:
    """The whole account of one media.

    Args:
        sightings: Current ones, in all cases of the store.
        reading: The newest; None when nothing was read.
        matches: Those in force, nearest first.
    """

    media: MediaRow
    sightings: tuple[SightingRow, ...]
    reading: Reading | None
    pipeline: str | None
    matches: tuple[MatchRow, ...]


def load_record(reader: Reader, media_id: str, *, with_tags: bool = True) -> MediaRecord | None:
    """Read the account of one media; None when it is not in the store."""
    found = load_records(reader, [media_id], with_tags=with_tags)
    return found[0] if found else None


def load_records(
    reader: Reader, media_ids: Iterable[str], *, with_tags: bool = False
) -> list[MediaRecord]:
    """Read the accounts of many media, in the order given; unknown names are left out."""
    records: list[MediaRecord] = []
    for block in blocks(media_ids, RECORD_BLOCK):
        media = load_media(reader, block)
        rows = [media[name] for name in dict.fromkeys(block) if name in media]
        records.extend(_records(reader, rows, with_tags=with_tags))
    return records


def records_of_case(
    reader: Reader, case_id: int, *, with_tags: bool = False
) -> Iterator[MediaRecord]:
    """Give the accounts of all media of a case, in the order they came.

    Cost: a handful of queries for every thousand media.
    """
    after = 0
    while page := media_page(reader, case_id=case_id, after_seq=after, limit=RECORD_BLOCK):
        after = page[-1].media_seq
        yield from _records(reader, page, with_tags=with_tags)


def _records(reader: Reader, rows: Sequence[MediaRow], *, with_tags: bool) -> list[MediaRecord]:
    names = [row.media_id for row in rows]
    sightings = sightings_of(reader, names)
    readings = load_readings(reader, names, with_tags=with_tags)
    matches = matches_of(reader, names)
    records = []
    for row in rows:
        stored = readings.get(row.media_id)
        records.append(
            MediaRecord(
                media=row,
                sightings=tuple(sightings.get(row.media_id, ())),
                reading=stored.reading if stored else None,
                pipeline=stored.pipeline if stored else None,
                matches=tuple(matches.get(row.media_id, ())),
            )
        )
    return records
