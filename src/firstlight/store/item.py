"""Recording items: the nouns of the model as rows, and back."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from firstlight.model.fingerprint import ClockReading, Metadata, PdqHash, Place, Reading
from firstlight.model.item import ItemReport
from firstlight.model.media import FileFacts, Locator, encode_path
from firstlight.store.writer import EventWriter

_TAG_LEVEL = 3


def add_item(
    ev: EventWriter,
    source_id: int,
    report: ItemReport,
    *,
    pipeline: str,
    is_new_media: bool,
    supersedes: int | None = None,
    is_changed: bool = False,
) -> int:
    """Record one item wholly: its sighting, content, readings and failures.

    Args:
        pipeline: Version of the pipeline that made the reading.
        is_new_media: The content is not in the store yet.
        supersedes: The record of the same item that this one takes the place of.
        is_changed: The item is known, and its bytes are others than before.

    Returns: The number of the sighting.
    """
    media_id = report.digests.media_id if report.digests else None
    if is_new_media and report.digests:
        add_media(ev, report)
    locator, facts = report.locator, report.facts
    sighting_id = ev.add(
        "sighting",
        {
            "source_id": source_id,
            "item_key": locator.key,
            "path": locator.path,
            "members": [encode_path(name) for name in locator.members] or None,
            "ordinals": list(locator.ordinals) or None,
            "media_id": media_id,
            "outcome": report.outcome,
            "size_bytes": facts.size_bytes,
            "mtime_ns": facts.mtime_ns,
            "ctime_ns": facts.ctime_ns,
            "inode": facts.inode,
            "device": facts.device,
            "named_mime": report.named_mime,
            "member_count": report.member_count,
            "supersedes": supersedes,
            "is_changed": is_changed,
        },
    )
    if report.reading is not None and media_id is not None:
        add_reading(ev, media_id, report.reading, pipeline=pipeline)
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


def add_reading(ev: EventWriter, media_id: str, reading: Reading, *, pipeline: str) -> int:
    """Record what was read from one content; the newest reading counts."""
    reading_id = ev.add(
        "reading",
        {
            "media_id": media_id,
            "width_px": reading.width_px,
            "height_px": reading.height_px,
            "frame_count": reading.frame_count,
            "duration_s": reading.duration_s,
            "is_truncated": reading.is_truncated,
            "has_thumbnail": reading.has_thumbnail,
            "container": reading.container or None,
            "pipeline": pipeline,
        },
    )
    for code in reading.pdq:
        ev.add("pdq", {"media_id": media_id, "reading_id": reading_id, **_pdq_columns(code)})
    if reading.metadata is not None:
        columns = metadata_columns(reading.metadata)
        ev.add("metadata", {"media_id": media_id, "reading_id": reading_id, **columns})
    return reading_id


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
    return {
        "reader": found.reader,
        "reader_version": found.reader_version,
        "maker": found.maker,
        "model": found.model,
        "body_serial": found.body_serial,
        "lens": found.lens,
        "lens_serial": found.lens_serial,
        "image_unique_id": found.image_unique_id,
        "owner": found.owner,
        "software": found.software,
        "latitude_deg": place.latitude_deg if place else None,
        "longitude_deg": place.longitude_deg if place else None,
        "altitude_m": place.altitude_m if place else None,
        "taken_local": taken_local(found.clocks),
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


def read_locator(path: bytes, members: str | None, ordinals: str | None) -> Locator:
    """Read where an item lies from its columns."""
    names = json.loads(members) if members else ()
    return Locator(
        path=path,
        members=tuple(base64.b64decode(name) for name in names),
        ordinals=tuple(json.loads(ordinals)) if ordinals else (),
    )


def read_facts(
    size_bytes: int,
    mtime_ns: int | None,
    ctime_ns: int | None,
    inode: str | None,
    device: str | None,
) -> FileFacts:
    """Read what the file system said of an item from its columns."""
    return FileFacts(
        size_bytes=size_bytes,
        mtime_ns=mtime_ns,
        ctime_ns=ctime_ns,
        inode=None if inode is None else int(inode),
        device=None if device is None else int(device),
    )


def read_metadata(row: Any, *, with_tags: bool) -> Metadata:
    """Read metadata from a row of its table."""
    clocks: Iterable[Any] = json.loads(row.clocks) if row.clocks else ()
    place = None
    if row.latitude_deg is not None and row.longitude_deg is not None:
        place = Place(row.latitude_deg, row.longitude_deg, row.altitude_m)
    return Metadata(
        reader=row.reader,
        reader_version=row.reader_version,
        tags=unpack_tags(row.tags) if with_tags and row.tags else (),
        maker=row.maker,
        model=row.model,
        body_serial=row.body_serial,
        lens=row.lens,
        lens_serial=row.lens_serial,
        image_unique_id=row.image_unique_id,
        owner=row.owner,
        software=row.software,
        clocks=tuple(ClockReading(*clock) for clock in clocks),
        place=place,
        edit_history=tuple(json.loads(row.edit_history)) if row.edit_history else (),
        has_differing_thumbnail=row.has_differing_thumbnail,
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
