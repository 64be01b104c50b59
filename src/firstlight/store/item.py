"""Recording items: the nouns of the model as rows, and back."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firstlight.model.fingerprint import ClockReading, Metadata, PdqHash, Place, Reading
from firstlight.model.item import ItemReport
from firstlight.store.schema.intake import METADATA_TEXT_FIELDS, TIME_FIELDS
from firstlight.store.writer import EventWriter

_TAG_LEVEL = 3


@dataclass(frozen=True, slots=True)
class ItemPlace:
    """Where items are recorded: case, source, and the run that met them."""

    case_id: int
    source_id: int
    run_id: int | None = None


def add_item(
    ev: EventWriter,
    place: ItemPlace,
    report: ItemReport,
    *,
    pipeline: str,
    is_new_media: bool,
    supersedes: int | None = None,
    is_changed: bool = False,
    also_case_ids: Sequence[int] = (),
) -> int:
    """Record one item wholly: its sighting, content, readings and failures.

    Args:
        place: Where it is recorded.
        pipeline: Version of the pipeline that made the reading.
        is_new_media: The content is not in the store yet.
        supersedes: The record of the same item that this one takes the place of.
        also_case_ids: Other cases that hold the content, and get a copy of the reading.
        is_changed: The item is known, and its bytes are others than before.

    Returns: The number of the sighting.
    """
    media_id = report.digests.media_id if report.digests else None
    if is_new_media and report.digests:
        add_media(ev, report)
    replaced = {"supersedes": supersedes, "is_changed": is_changed}
    sighting_id = ev.add("sighting", {**_sighting_values(place, report), **replaced})
    if report.reading is not None and media_id is not None:
        reading_id = add_reading(ev, place, media_id, report.reading, pipeline=pipeline)
        for case_id in also_case_ids:
            add_metadata(ev, case_id, media_id, reading_id, report.reading)
    for failure in report.failures:
        ev.add(
            "failure",
            {
                "sighting_id": sighting_id,
                "code": failure.code,
                "reason": failure.reason,
                "stage": failure.stage,
                "retryable": failure.retryable,
            },
        )
    return sighting_id


def _sighting_values(place: ItemPlace, report: ItemReport) -> dict[str, Any]:
    locator, facts = report.locator, report.facts
    return {
        "case_id": place.case_id,
        "source_id": place.source_id,
        "run_id": place.run_id,
        "item_key": locator.key,
        "path": locator.path,
        "members": locator.members or None,
        "ordinals": locator.ordinals or None,
        "media_id": report.digests.media_id if report.digests else None,
        "outcome": report.outcome,
        "reader": report.reader,
        "allocation": facts.allocation,
        "size_bytes": facts.size_bytes,
        **{name: getattr(facts, name) for name in TIME_FIELDS},
        "named_mime": report.named_mime,
        "member_count": report.member_count,
    }


def add_media(ev: EventWriter, report: ItemReport) -> None:
    """Record a content that is new to the store; the report must have digests."""
    digests, kind = report.digests, report.content_type
    if digests is None:
        return
    ev.add(
        "media",
        {
            "media_id": digests.media_id,
            "md5": digests.md5,
            "sha1": digests.sha1,
            "sha256": digests.sha256,
            "size_bytes": report.facts.size_bytes,
            "kind": kind.kind if kind else "other",
            "mime": kind.mime if kind else "application/octet-stream",
            "label": kind.label if kind else "unknown",
        },
    )


def add_reading(
    ev: EventWriter, place: ItemPlace, media_id: str, reading: Reading, *, pipeline: str
) -> int:
    """Record what was read from one content; the newest reading counts."""
    reading_id = ev.add(
        "reading",
        {
            "media_id": media_id,
            "run_id": place.run_id,
            "width_px": reading.width_px,
            "height_px": reading.height_px,
            "frame_count": reading.frame_count,
            "duration_s": reading.duration_s,
            "is_truncated": reading.is_truncated,
            "has_thumbnail": reading.has_thumbnail,
            "pipeline": pipeline,
        },
    )
    for code in reading.pdq:
        ev.add("pdq", {"media_id": media_id, "reading_id": reading_id, **_pdq_columns(code)})
    add_metadata(ev, place.case_id, media_id, reading_id, reading)
    return reading_id


def add_metadata(
    ev: EventWriter, case_id: int, media_id: str, reading_id: int, reading: Reading
) -> None:
    """Record the contents of a reading under the key of one case; there is a row even of none."""
    columns = metadata_columns(reading.metadata) if reading.metadata else _NO_METADATA
    container = [list(pair) for pair in reading.container] or None
    place = {"media_id": media_id, "reading_id": reading_id, "case_id": case_id}
    ev.add("metadata", {**place, **columns, "container": container})


_NO_METADATA: dict[str, Any] = {"has_place": False, "has_time": False, "tags": b""}


def _pdq_columns(code: PdqHash) -> dict[str, Any]:
    return {
        "frame_index": code.frame_index,
        "time_s": code.time_s,
        "codes": code.codes,
        "quality": code.quality,
        "route": code.route,
        "version": code.version,
        "reason": code.reason,
    }


def metadata_columns(found: Metadata) -> dict[str, Any]:
    """Lay metadata out in the columns of its table."""
    place = found.place
    taken = taken_local(found.clocks)
    return {
        "reader": found.reader,
        "reader_version": found.reader_version,
        "maker": found.maker,
        "model": found.model,
        "body_serial": found.body_serial,
        "body_serial_key": serial_key(found.body_serial),
        "lens": found.lens,
        "lens_serial": found.lens_serial,
        "lens_serial_key": serial_key(found.lens_serial),
        "has_place": place is not None
        and math.isfinite(place.latitude_deg)
        and math.isfinite(place.longitude_deg),
        "has_time": taken is not None,
        "image_unique_id": found.image_unique_id,
        "owner": found.owner,
        "software": found.software,
        "latitude_deg": place.latitude_deg if place else None,
        "longitude_deg": place.longitude_deg if place else None,
        "altitude_m": place.altitude_m if place else None,
        "taken_local": taken,
        "clocks": [[c.tag, c.text, c.local, c.offset, c.clock] for c in found.clocks] or None,
        "edit_history": list(found.edit_history) or None,
        "has_differing_thumbnail": found.has_differing_thumbnail,
        "tags": pack_tags(found.tags),
    }


_CLOCK_ORDER = {"camera": 0, "satellite": 1, "software": 2}


def taken_local(clocks: Sequence[ClockReading]) -> str | None:
    """Choose the time by which a media is sought: the original one of the camera first."""
    stated = [clock for clock in clocks if clock.local]
    if not stated:
        return None
    best = min(
        stated,
        key=lambda c: (_CLOCK_ORDER.get(c.clock, 3), "Original" not in c.tag),
    )
    return best.local


def pack_tags(tags: Sequence[tuple[str, str]]) -> bytes:
    """Compress tags: order, repeats and every character kept."""
    text = json.dumps([list(tag) for tag in tags], ensure_ascii=True, separators=(",", ":"))
    return zlib.compress(text.encode("ascii"), _TAG_LEVEL)


def unpack_tags(packed: bytes) -> tuple[tuple[str, str], ...]:
    """Undo ``pack_tags``."""
    return tuple((str(name), str(value)) for name, value in json.loads(zlib.decompress(packed)))


def read_pairs(text: str | None) -> tuple[tuple[str, str], ...]:
    """Read a JSON column that holds name and value pairs."""
    return tuple((str(name), str(value)) for name, value in json.loads(text)) if text else ()


def serial_key(serial: str | None) -> str | None:
    """Bring a serial into the form in which it is looked up: the case of letters does not count."""
    return serial.strip().lower() or None if serial is not None else None


def read_metadata(row: Any, opened: Mapping[str, Any], tags: bytes | None) -> Metadata | None:
    """Read metadata from a row of its table and its opened fields; None where there is none.

    Args:
        tags: As packed; None leaves them out.
    """
    if row.reader is None:
        return None
    place = None
    if opened["latitude_deg"] is not None and opened["longitude_deg"] is not None:
        place = Place(opened["latitude_deg"], opened["longitude_deg"], opened["altitude_m"])
    differs = row.has_differing_thumbnail
    return Metadata(
        reader=row.reader,
        reader_version=row.reader_version,
        tags=unpack_tags(tags) if tags else (),
        **{name: opened[name] for name in METADATA_TEXT_FIELDS},
        clocks=tuple(ClockReading(*clock) for clock in opened["clocks"] or ()),
        place=place,
        edit_history=tuple(opened["edit_history"] or ()),
        has_differing_thumbnail=differs if differs is None else bool(differs),
    )


def read_pdq(row: Any) -> PdqHash:
    """Read a PDQ hash from a row of its table."""
    return PdqHash(
        codes=row.codes,
        quality=row.quality,
        route=row.route,
        version=row.version,
        frame_index=row.frame_index,
        time_s=row.time_s,
        reason=row.reason,
    )
