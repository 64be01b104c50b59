"""Fingerprints as they are stored; the newest reading of a media counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select

from firstlight.model.fingerprint import MATCHABLE_QUALITY, Metadata, PdqHash, Reading
from firstlight.store.current import (
    blocks,
    is_current_reading,
    is_current_sighting,
    is_live,
    is_live_reading,
    is_not_erased,
    is_readable_metadata,
    media_seen,
)
from firstlight.store.database import Reader
from firstlight.store.item import read_metadata, read_pdq, serial_key
from firstlight.store.schema import metadata, pdq, reading, sighting
from firstlight.store.sealing import keyed_hash, open_fields


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


def metadata_rows(
    reader: Reader, *, case_id: int | None = None, with_tags: bool = False
) -> Iterator[MetadataRow]:
    """Give the metadata of current readings, by number; tags only when asked for."""
    statement = _current(*_columns(with_tags=with_tags)).order_by(metadata.c.metadata_id)
    if case_id is not None:
        statement = statement.where(metadata.c.media_id.in_(media_seen(case_id=case_id)))
    for row in reader.stream(statement):
        found, _ = _open_metadata(reader, row, with_tags=with_tags)
        if found is not None:
            yield MetadataRow(row.metadata_id, row.media_id, found)


def camera_rows(reader: Reader) -> list[CameraRow]:
    """Give every media of the store that states a camera's serial, by source."""
    statement = (
        select(
            metadata.c.metadata_id,
            metadata.c.media_id,
            metadata.c.case_id,
            metadata.c.sealed,
            sighting.c.case_id.label("seen_case_id"),
            sighting.c.source_id,
        )
        .join(sighting, sighting.c.media_id == metadata.c.media_id)
        .where(metadata.c.body_serial_mac.is_not(None), is_current_sighting())
        .where(is_current_reading(metadata.c.reading_id, metadata.c.media_id))
        .where(is_readable_metadata())
        .distinct()
        .order_by(metadata.c.metadata_id, sighting.c.source_id)
    )
    found = []
    last_id, opened = 0, dict[str, Any]()
    for row in reader.stream(statement):
        if row.metadata_id != last_id:
            last_id, opened = row.metadata_id, _fields(reader, row)
        values = {name: opened[name] for name in CAMERA_FIELDS}
        place = {"case_id": row.seen_case_id, "source_id": row.source_id}
        found.append(CameraRow(media_id=row.media_id, **values, **place))
    return sorted(found, key=lambda one: (one.body_serial, one.media_id, one.source_id))


CAMERA_FIELDS = ("maker", "model", "body_serial", "lens_serial", "owner")


def media_with_serial(reader: Reader, serial: str) -> list[str]:
    """Find media that state this body or lens serial, whatever the case of its letters."""
    wanted = keyed_hash(reader, "metadata", "body_serial_mac", None, serial_key(serial) or "")
    stated = or_(metadata.c.body_serial_mac == wanted, metadata.c.lens_serial_mac == wanted)
    statement = _current(metadata.c.media_id).where(stated).order_by(metadata.c.media_id)
    return [row.media_id for row in reader.fetch(statement)]


def media_within_box(
    reader: Reader, south_deg: float, west_deg: float, north_deg: float, east_deg: float
) -> list[tuple[str, float, float]]:
    """Find media whose stated position lies within a box; west > east crosses the 180th.

    Cost: Opens the metadata of every media that states a position, about 6 us each.
    Evidence: A position is what the metadata states, not where the camera stood.
    """
    statement = _current(*_columns(with_tags=False)).where(metadata.c.has_place.is_(True))
    across = all if west_deg <= east_deg else any
    found = []
    for row in reader.stream(statement.order_by(metadata.c.media_id)):
        opened = _fields(reader, row)
        latitude, longitude = opened["latitude_deg"], opened["longitude_deg"]
        if south_deg <= latitude <= north_deg and across(
            (longitude >= west_deg, longitude <= east_deg)
        ):
            found.append((row.media_id, latitude, longitude))
    return found


def media_taken_between(reader: Reader, first_local: str, last_local: str) -> list[tuple[str, str]]:
    """Find media by the time their metadata states first, compared as ISO 8601 text.

    Cost: Opens the metadata of every media that states a time, about 6 us each.
    Evidence: The time is that of a clock whose zone and error may be unknown.
    """
    statement = _current(*_columns(with_tags=False)).where(metadata.c.has_time.is_(True))
    found = []
    for row in reader.stream(statement.order_by(metadata.c.media_id)):
        taken = _fields(reader, row)["taken_local"]
        if first_local <= taken <= last_local:
            found.append((row.media_id, taken))
    return sorted(found, key=lambda one: (one[1], one[0]))


def _current(*columns: Any) -> Select[Any]:
    return select(*columns).where(
        is_current_reading(metadata.c.reading_id, metadata.c.media_id), is_readable_metadata()
    )


def _columns(*, with_tags: bool) -> list[Any]:
    return [column for column in metadata.c if with_tags or column.name != "sealed_tags"]


def _fields(reader: Reader, row: Any) -> dict[str, Any]:
    return open_fields(reader, "metadata", row.case_id, row.metadata_id, row.sealed)


def _open_metadata(
    reader: Reader, row: Any, *, with_tags: bool
) -> tuple[Metadata | None, tuple[tuple[str, str], ...]]:
    """Open a row: the metadata, and what the container says."""
    opened, tags = _fields(reader, row), None
    if with_tags:
        number = row.metadata_id
        place = ("metadata", row.case_id, number, row.sealed_tags, "sealed_tags")
        tags = open_fields(reader, *place)["tags"]
    pairs = tuple((name, value) for name, value in opened["container"] or ())
    return read_metadata(row, opened, tags), pairs


def cases_with_metadata(reader: Reader, media_id: str) -> list[int]:
    """Number the cases, erased ones aside, that hold what was read from a media."""
    statement = select(metadata.c.case_id).where(
        metadata.c.media_id == media_id, is_not_erased(metadata.c.case_id)
    )
    return [row.case_id for row in reader.fetch(statement.distinct().order_by(metadata.c.case_id))]


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
        statement = _current(metadata.c.media_id).where(
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
        newest = select(func.max(reading.c.reading_id)).where(
            reading.c.media_id.in_(block), is_live_reading(reading.c.reading_id)
        )
        statement = select(reading).where(
            reading.c.reading_id.in_(newest.group_by(reading.c.media_id))
        )
        rows = reader.fetch(statement)
        ids = [row.reading_id for row in rows]
        codes = _pdq_of(reader, ids)
        contents = _contents_of(reader, ids, with_tags=with_tags)
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


_Contents = tuple[Metadata | None, tuple[tuple[str, str], ...]]


def _reading(row: Any, codes: list[PdqHash], contents: _Contents | None) -> Reading:
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


def _contents_of(
    reader: Reader, reading_ids: list[int], *, with_tags: bool
) -> dict[int, _Contents]:
    statement = select(*_columns(with_tags=with_tags)).where(
        metadata.c.reading_id.in_(reading_ids), is_readable_metadata()
    )
    return {
        row.reading_id: _open_metadata(reader, row, with_tags=with_tags)
        for row in reader.fetch(statement)
    }
