"""The documents that commands print: the forms that ``docs/reference/json.md`` promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from firstlight.model.fingerprint import Metadata, PdqHash, Reading
from firstlight.model.media import Failure, Locator, encode_path, readable_path
from firstlight.store.match import MatchRow
from firstlight.store.record import MediaRecord
from firstlight.store.sighting import SightingRow


def path_fields(path: bytes) -> dict[str, str]:
    """Give a path for people (may be lossy) and its exact bytes in base64."""
    return {"path": readable_path(path), "path_b64": encode_path(path)}


def locator_fields(locator: Locator) -> dict[str, Any]:
    """Give the place of an item; members of archives follow the archive after ``!/``."""
    return path_fields(locator.full_path)


def time_text(moment: datetime | None) -> str | None:
    """Give a time as ISO 8601 in UTC."""
    return None if moment is None else moment.isoformat()


def failure_document(failure: Failure) -> dict[str, Any]:
    """Give one failure."""
    return {
        "code": failure.code,
        "reason": failure.reason,
        "stage": failure.stage,
        "retryable": failure.retryable,
    }


def sighting_document(row: SightingRow, case_names: dict[int, str]) -> dict[str, Any]:
    """Give one place where a media was seen."""
    return {
        **locator_fields(row.locator),
        "case": case_names.get(row.case_id),
        "source_id": row.source_id,
        "outcome": str(row.outcome),
        "reader": row.reader,
        "allocation": row.facts.allocation,
        "size_bytes": row.facts.size_bytes,
        "mtime_ns": row.facts.mtime_ns,
        "ctime_ns": row.facts.ctime_ns,
        "accessed_ns": row.facts.accessed_ns,
        "born_ns": row.facts.born_ns,
        "named_type": row.named_mime,
        "is_changed": row.is_changed,
        "failures": [failure_document(failure) for failure in row.failures],
    }


def match_document(row: MatchRow) -> dict[str, Any]:
    """Give one match: which entry of which list, how near, and that list's own words."""
    return {
        "list": row.list_name,
        "list_version": row.version_number,
        "purpose": str(row.purpose),
        "entry": row.entry_key,
        "scheme": row.scheme,
        "category": row.category_code,
        "marks": dict(row.marks),
        "origin": row.origin,
        "algorithm": str(row.algorithm),
        "distance_bits": row.distance_bits,
        "variant": row.variant,
        "route": row.route,
        "frame_index": row.frame_index,
    }


def pdq_document(pdq: PdqHash) -> dict[str, Any]:
    """Give one PDQ code."""
    return {
        "pdq": pdq.code.hex(),
        "quality": pdq.quality,
        "is_matchable": pdq.is_matchable,
        "reason": pdq.reason,
        "route": pdq.route,
        "version": pdq.version,
        "frame_index": pdq.frame_index,
        "time_s": pdq.time_s,
    }


def metadata_document(metadata: Metadata, *, with_tags: bool) -> dict[str, Any]:
    """Give the typed view, and every tag as found where asked."""
    place = metadata.place
    document: dict[str, Any] = {
        "reader": metadata.reader,
        "reader_version": metadata.reader_version,
        "maker": metadata.maker,
        "model": metadata.model,
        "body_serial": metadata.body_serial,
        "lens": metadata.lens,
        "lens_serial": metadata.lens_serial,
        "image_unique_id": metadata.image_unique_id,
        "owner": metadata.owner,
        "software": metadata.software,
        "clocks": [
            {
                "tag": clock.tag,
                "text": clock.text,
                "local": clock.local,
                "offset": clock.offset,
                "clock": clock.clock,
            }
            for clock in metadata.clocks
        ],
        "place": None
        if place is None
        else {
            "latitude_deg": place.latitude_deg,
            "longitude_deg": place.longitude_deg,
            "altitude_m": place.altitude_m,
        },
        "edit_history": list(metadata.edit_history),
        "has_differing_thumbnail": metadata.has_differing_thumbnail,
    }
    if with_tags:
        document["tags"] = [[name, value] for name, value in metadata.tags]
    return document


def fingerprints_document(
    record: MediaRecord, *, with_tags: bool, frames_max: int | None
) -> dict[str, Any]:
    """Give every fingerprint of one media."""
    media, reading = record.media, record.reading
    document: dict[str, Any] = {
        "md5": media.md5.hex(),
        "sha1": media.sha1.hex(),
        "sha256": media.sha256.hex(),
        "pdq": None,
        "frames": [],
        "metadata": None,
        "pipeline": record.pipeline,
    }
    if reading is None:
        return document
    stills = [pdq for pdq in reading.pdq if pdq.time_s is None]
    frames = [pdq for pdq in reading.pdq if pdq.time_s is not None]
    document["pdq"] = pdq_document(stills[0]) if stills else None
    document["frame_codes"] = len(frames)
    document["frames"] = [pdq_document(pdq) for pdq in frames[:frames_max]]
    document.update(_picture_fields(reading))
    if reading.metadata is not None:
        document["metadata"] = metadata_document(reading.metadata, with_tags=with_tags)
    return document


def _picture_fields(reading: Reading) -> dict[str, Any]:
    return {
        "width_px": reading.width_px,
        "height_px": reading.height_px,
        "frame_count": reading.frame_count,
        "duration_s": reading.duration_s,
        "is_truncated": reading.is_truncated,
        "has_thumbnail": reading.has_thumbnail,
        "container": dict(reading.container),
    }


def media_document(
    record: MediaRecord,
    case_names: dict[int, str],
    *,
    is_checked: bool,
    trusted: frozenset[str],
    with_tags: bool = False,
    frames_max: int | None = 0,
) -> dict[str, Any]:
    """Give one media with its sightings, fingerprints and matches.

    Args:
        is_checked: It was compared with a list of known material; without one the answer is
            "not checked", never "not known".
        trusted: Known-good lists that a person has declared trusted.
        frames_max: Most frame codes of a clip; None for all.
    """
    return {
        "media_id": record.media.media_id,
        "kind": str(record.media.content_type.kind),
        "type": record.media.content_type.mime,
        "type_label": record.media.content_type.label,
        "size_bytes": record.media.size_bytes,
        "status": known_status(record.matches, is_checked=is_checked, trusted=trusted),
        "is_known_good": is_known_good(record.matches),
        "sightings": [sighting_document(row, case_names) for row in record.sightings],
        "fingerprints": fingerprints_document(record, with_tags=with_tags, frames_max=frames_max),
        "matches": [match_document(row) for row in record.matches],
    }


def is_known_good(matches: Sequence[MatchRow]) -> bool:
    """Whether known-good lists, and no others, have this media; trusted or not."""
    return bool(matches) and all(str(row.purpose) == "known-good" for row in matches)


def known_status(matches: Sequence[MatchRow], *, is_checked: bool, trusted: frozenset[str]) -> str:
    """Say how a media stands to the lists: ``not checked``, ``known``, ``known-good``, ``new``.

    A known-good list counts only once a person has declared it trusted.
    """
    if any(str(row.purpose) != "known-good" for row in matches):
        return "known"
    if is_known_good(matches) and any(row.list_name in trusted for row in matches):
        return "known-good"
    return "new" if is_checked else "not checked"


def trouble_document(row: SightingRow) -> dict[str, Any]:
    """Give one item that was not read whole, not opened or skipped."""
    first = row.failures[0] if row.failures else None
    return {
        **locator_fields(row.locator),
        "code": first.code if first else str(row.outcome),
        "reason": first.reason if first else "not opened by this version",
        "stage": first.stage if first else "open",
        "retryable": any(failure.retryable for failure in row.failures),
        "is_partly_read": str(row.outcome) == "read",
        "sighting_id": row.sighting_id,
    }
