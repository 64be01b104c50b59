"""Fingerprints as they are stored; the newest reading of a media counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from firstlight.model.fingerprint import MATCHABLE_QUALITY, Metadata, PdqHash, Reading
from firstlight.store.current import (
    blocks,
    is_current_reading,
    is_current_sighting,
    media_seen,
)
from firstlight.store.database import Reader
from firstlight.store.item import read_metadata, read_pairs, read_pdq
from firstlight.store.schema import metadata, pdq, reading, sighting, source


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
class MetadataRow:
    """Metadata of one media."""

    metadata_id: int
    media_id: str
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class CameraRow:
    """A media with a camera's serial number, once for each source it was seen in."""

    media_id: str
    maker: str | None
    model: str | None
    body_serial: str
    lens_serial: str | None
    owner: str | None
    case_id: int
    source_id: int


@dataclass(frozen=True, slots=True)
class StoredReading:
    """The newest reading of a media, whole."""

    reading_id: int
    media_id: str
    reading: Reading
    pipeline: str


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
        .where(is_current_reading(pdq.c.reading_id, pdq.c.media_id))
        .order_by(pdq.c.pdq_id)
    )
    if case_id is not None:
        statement = statement.where(pdq.c.media_id.in_(media_seen(case_id=case_id)))
    for row in reader.stream(statement):
        yield PdqRow(*row)


def last_pdq_id(reader: Reader) -> int:
    """Give the number of the newest PDQ hash, 0 where there is none."""
    return int(reader.fetch(select(func.coalesce(func.max(pdq.c.pdq_id), 0)))[0][0])


def metadata_rows(
    reader: Reader, *, case_id: int | None = None, with_tags: bool = False
) -> Iterator[MetadataRow]:
    """Give the metadata of current readings, by number; tags only when asked for."""
    columns = [column for column in metadata.c if with_tags or column.name != "tags"]
    statement = (
        select(*columns)
        .where(is_current_reading(metadata.c.reading_id, metadata.c.media_id))
        .order_by(metadata.c.metadata_id)
    )
    if case_id is not None:
        statement = statement.where(metadata.c.media_id.in_(media_seen(case_id=case_id)))
    for row in reader.stream(statement):
        found = read_metadata(row, with_tags=with_tags)
        yield MetadataRow(row.metadata_id, row.media_id, found)


def camera_rows(reader: Reader) -> Iterator[CameraRow]:
    """Give every media of the store that states a camera's serial, by source."""
    statement = (
        select(
            metadata.c.media_id,
            metadata.c.maker,
            metadata.c.model,
            metadata.c.body_serial,
            metadata.c.lens_serial,
            metadata.c.owner,
            source.c.case_id,
            source.c.source_id,
        )
        .join(sighting, sighting.c.media_id == metadata.c.media_id)
        .join(source, source.c.source_id == sighting.c.source_id)
        .where(metadata.c.body_serial.is_not(None), is_current_sighting())
        .where(is_current_reading(metadata.c.reading_id, metadata.c.media_id))
        .distinct()
        .order_by(metadata.c.body_serial, metadata.c.media_id, source.c.source_id)
    )
    for row in reader.stream(statement):
        yield CameraRow(*row)


def media_with_serial(reader: Reader, serial: str) -> list[str]:
    """Find media that state this body or lens serial, whatever the case of its letters."""
    wanted = serial.strip().lower()
    stated = or_(
        func.lower(metadata.c.body_serial) == wanted, func.lower(metadata.c.lens_serial) == wanted
    )
    return [row.media_id for row in reader.fetch(_current(metadata.c.media_id).where(stated))]


def media_within_box(
    reader: Reader, south_deg: float, west_deg: float, north_deg: float, east_deg: float
) -> list[tuple[str, float, float]]:
    """Find media whose stated position lies within a box; west > east crosses the 180th.

    Evidence: A position is what the metadata states, not where the camera stood.
    """
    longitude = metadata.c.longitude_deg
    across = and_ if west_deg <= east_deg else or_
    found = reader.fetch(
        _current(metadata.c.media_id, metadata.c.latitude_deg, longitude).where(
            metadata.c.latitude_deg.between(south_deg, north_deg),
            longitude.is_not(None),
            across(longitude >= west_deg, longitude <= east_deg),
        )
    )
    return [(row.media_id, row.latitude_deg, row.longitude_deg) for row in found]


def media_taken_between(reader: Reader, first_local: str, last_local: str) -> list[tuple[str, str]]:
    """Find media by the time their metadata states first, compared as ISO 8601 text.

    Evidence: The time is that of a clock whose zone and error may be unknown.
    """
    taken = metadata.c.taken_local
    found = reader.fetch(
        _current(metadata.c.media_id, taken)
        .where(taken.is_not(None), taken >= first_local, taken <= last_local)
        .order_by(taken, metadata.c.media_id)
    )
    return [(row.media_id, row.taken_local) for row in found]


def _current(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .where(is_current_reading(metadata.c.reading_id, metadata.c.media_id))
        .order_by(metadata.c.media_id)
    )


def load_readings(
    reader: Reader, media_ids: Iterable[str], *, with_tags: bool = False
) -> dict[str, StoredReading]:
    """Give the newest reading of each media, with its PDQ hashes and metadata."""
    found: dict[str, StoredReading] = {}
    for block in blocks(media_ids):
        newest = select(func.max(reading.c.reading_id)).where(reading.c.media_id.in_(block))
        statement = select(reading).where(
            reading.c.reading_id.in_(newest.group_by(reading.c.media_id))
        )
        rows = reader.fetch(statement)
        ids = [row.reading_id for row in rows]
        codes = _pdq_of(reader, ids)
        tags = _metadata_of(reader, ids, with_tags=with_tags)
        for row in rows:
            found[row.media_id] = StoredReading(
                row.reading_id,
                row.media_id,
                _reading(row, codes.get(row.reading_id, []), tags.get(row.reading_id)),
                row.pipeline,
            )
    return found


def _reading(row: Any, codes: list[PdqHash], found: Metadata | None) -> Reading:
    return Reading(
        width_px=row.width_px,
        height_px=row.height_px,
        frame_count=row.frame_count,
        duration_s=row.duration_s,
        is_truncated=bool(row.is_truncated),
        has_thumbnail=bool(row.has_thumbnail),
        pdq=tuple(codes),
        metadata=found,
        container=read_pairs(row.container),
    )


def _pdq_of(reader: Reader, reading_ids: list[int]) -> dict[int, list[PdqHash]]:
    found: dict[int, list[PdqHash]] = {}
    statement = select(pdq).where(pdq.c.reading_id.in_(reading_ids)).order_by(pdq.c.pdq_id)
    for row in reader.fetch(statement):
        found.setdefault(row.reading_id, []).append(read_pdq(row))
    return found


def _metadata_of(reader: Reader, reading_ids: list[int], *, with_tags: bool) -> dict[int, Metadata]:
    columns = [column for column in metadata.c if with_tags or column.name != "tags"]
    statement = select(*columns).where(metadata.c.reading_id.in_(reading_ids))
    return {
        row.reading_id: read_metadata(row, with_tags=with_tags) for row in reader.fetch(statement)
    }
