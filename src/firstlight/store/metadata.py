"""Metadata as they are stored: sealed for each case that holds the media, found by keyed hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select

from firstlight.model.fingerprint import Metadata
from firstlight.store.current import (
    is_current_reading,
    is_current_sighting,
    is_not_erased,
    is_readable_metadata,
    media_seen,
)
from firstlight.store.database import Reader
from firstlight.store.item import read_metadata, serial_key
from firstlight.store.schema import metadata, sighting
from firstlight.store.sealing import keyed_hash, open_fields

Contents = tuple[Metadata | None, tuple[tuple[str, str], ...]]
"""What was read of one media: its metadata, and what its container says."""


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


def metadata_rows(
    reader: Reader, *, case_id: int | None = None, with_tags: bool = False
) -> Iterator[MetadataRow]:
    """Give the metadata of current readings, by number; tags only when asked for."""
    statement = current_metadata(*_columns(with_tags=with_tags)).order_by(metadata.c.metadata_id)
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
    statement = current_metadata(metadata.c.media_id).where(stated).order_by(metadata.c.media_id)
    return [row.media_id for row in reader.fetch(statement)]


def media_within_box(
    reader: Reader, south_deg: float, west_deg: float, north_deg: float, east_deg: float
) -> list[tuple[str, float, float]]:
    """Find media whose stated position lies within a box; west > east crosses the 180th.

    Cost: Opens the metadata of every media that states a position, about 6 us each.
    Evidence: A position is what the metadata states, not where the camera stood.
    """
    statement = current_metadata(*_columns(with_tags=False)).where(metadata.c.has_place.is_(True))
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
    statement = current_metadata(*_columns(with_tags=False)).where(metadata.c.has_time.is_(True))
    found = []
    for row in reader.stream(statement.order_by(metadata.c.media_id)):
        taken = _fields(reader, row)["taken_local"]
        if first_local <= taken <= last_local:
            found.append((row.media_id, taken))
    return sorted(found, key=lambda one: (one[1], one[0]))


def current_metadata(*columns: Any) -> Select[Any]:
    """Select from the metadata that count: of current readings, one copy of each."""
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


def contents_of(reader: Reader, reading_ids: list[int], *, with_tags: bool) -> dict[int, Contents]:
    """Give what the readings of these numbers say."""
    statement = select(*_columns(with_tags=with_tags)).where(
        metadata.c.reading_id.in_(reading_ids), is_readable_metadata()
    )
    return {
        row.reading_id: _open_metadata(reader, row, with_tags=with_tags)
        for row in reader.fetch(statement)
    }
