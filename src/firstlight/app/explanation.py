"""Says how every value of one media came to be: which event, who, when, with what, and limits.

The words are in ``explanation.toml``; here they are filled in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from firstlight.app.custody import break_document, event_document
from firstlight.app.documents import path_fields
from firstlight.app.finding import require_media
from firstlight.app.heads import check_head, custody_folder
from firstlight.app.home import Home
from firstlight.app.provenance import DOUBTFUL, MediaFacts, Section, gather, words
from firstlight.errors import IntegrityError
from firstlight.guard.custody import write_time
from firstlight.guard.head import REWRITTEN
from firstlight.model.event import Break
from firstlight.model.fingerprint import Metadata, PdqHash
from firstlight.store.database import Reader
from firstlight.store.event_check import breaks_of_events
from firstlight.store.match import MatchRow
from firstlight.store.sighting import SightingRow

STATED = ("maker", "model", "body_serial", "lens", "lens_serial", "image_unique_id", "owner",
          "software")  # fmt: skip


def explain(home: Home, media_name: str) -> dict[str, Any]:
    """Give the document of ``explain --json``; ``breaks`` says what is not as it was recorded.

    Args:
        media_name: Id, first digits of it, or a digest.

    Raises:
        UnknownNameError: None, or several.
    """
    with home.store.snapshot() as reader:
        facts = gather(reader, require_media(reader, media_name))
        breaks = breaks_of_events(reader, facts.event_numbers())
        breaks += _head_breaks(home, reader)
    sections = (_content, _seen, _picture, _pdq, _metadata, _matches, _near, _judged, _log)
    return {
        "media_id": facts.record.media.media_id,
        "breaks": [break_document(one) for one in breaks],
        "sections": [section(facts) for section in sections],
        "events": [event_document(one, facts.purposes) for one in facts.events.values()],
    }


def _head_breaks(home: Home, reader: Reader) -> list[Break]:
    try:
        check_head(reader, custody_folder(home.path))
    except IntegrityError as error:
        return [Break(None, REWRITTEN, error.message)]
    return []


def _content(facts: MediaFacts) -> dict[str, Any]:
    media, part = facts.record.media, Section("content", facts)
    part.say("size", size_bytes=media.size_bytes)
    for name in ("sha256", "sha1", "md5"):
        part.say(name, digest=getattr(media, name).hex())
    part.say("type", label=media.content_type.label, mime=media.content_type.mime)
    part.say("recorded", event=facts.first_seq)
    return part.document()


def _seen(facts: MediaFacts) -> dict[str, Any]:
    part = Section("seen", facts)
    for row in facts.record.sightings:
        _say_sighting(part, facts, row)
    for event_seq, settings in facts.runs.values():
        part.say("run", event=event_seq, settings=_settings_text(settings))
    return part.document()


def _say_sighting(part: Section, facts: MediaFacts, row: SightingRow) -> None:
    exhibit = facts.exhibits.get(row.source_id)
    part.say(
        "place",
        case=facts.case_names.get(row.case_id, "(erased)"),
        source_id=row.source_id,
        exhibit=f" (exhibit {exhibit})" if exhibit else "",
        path=path_fields(row.locator.full_path)["path"],
    )
    readers = words()["reader"]
    how = readers.get(row.reader, readers["*"]).format(reader=row.reader)
    part.say("read", how=how, event=row.event_seq)
    part.say("size", size_bytes=row.facts.size_bytes)
    if row.facts.mtime_ns is not None:
        part.say("changed_at", at=_time_of(row.facts.mtime_ns))
    if row.facts.allocation in DOUBTFUL:
        part.say(row.facts.allocation)
    for container in facts.doubtful_containers.get(row.sighting_id, ()):
        path = path_fields(container.locator.full_path)["path"]
        part.say(f"in_{container.facts.allocation}", path=path, event=container.event_seq)
    if row.named_mime:
        part.say("named", named_mime=row.named_mime)
    if row.supersedes is not None:
        part.say("changed" if row.is_changed else "again")
    for failure in row.failures:
        part.say("failure", stage=failure.stage, reason=failure.reason, code=failure.code)


def _settings_text(settings: Mapping[str, Any]) -> str:
    flat = dict(settings)
    bounds = flat.pop("bounds", None)
    if isinstance(bounds, dict):
        flat.update(bounds)
    return ", ".join(f"{name} {json.dumps(flat[name])}" for name in sorted(flat)) or "not recorded"


def _time_of(time_ns: int) -> str:
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return f"{time_ns} ns after 1970"
    return write_time(at)


def _picture(facts: MediaFacts) -> dict[str, Any]:
    part, stored = Section("picture", facts), facts.reading
    if stored is None:
        part.say("nothing")
        _say_kept(part, facts)
        return part.document()
    reading = stored.reading
    part.say("decoded", pipeline=stored.pipeline, event=stored.event_seq)
    if reading.width_px:
        part.say("size", width_px=reading.width_px, height_px=reading.height_px)
    if (reading.frame_count or 1) > 1:
        part.say("frames", frame_count=reading.frame_count)
    if reading.duration_s is not None:
        part.say("duration", duration_s=reading.duration_s)
    if reading.is_truncated:
        part.say("truncated")
    _say_kept(part, facts)
    return part.document()


def _say_kept(part: Section, facts: MediaFacts) -> None:
    for seq, row in facts.kept:
        part.say(
            row.kind,
            case=facts.case_names.get(row.case_id, "(erased)"),
            width_px=row.width_px,
            height_px=row.height_px,
            size_bytes=row.size_bytes,
            pipeline=row.pipeline,
            event=seq,
        )


def _pdq(facts: MediaFacts) -> dict[str, Any]:
    part = Section("pdq", facts)
    codes = facts.reading.reading.pdq if facts.reading else ()
    for code in codes[:1]:
        part.say(
            "value",
            code=code.code.hex(),
            quality=code.quality,
            version=code.version,
            route=_route(code),
            frame=f", frame at {code.time_s} s" if code.time_s is not None else "",
        )
        if code.reason:
            part.say("low", reason=code.reason)
    if not codes:
        part.say("none")
    elif len(codes) > 1:
        part.say("many", count=len(codes) - 1)
    return part.document()


def _route(code: PdqHash) -> str:
    return str(words()["route"].get(code.route, code.route))


def _metadata(facts: MediaFacts) -> dict[str, Any]:
    part = Section("metadata", facts)
    found = facts.reading.reading.metadata if facts.reading else None
    if found is None:
        part.say("nothing")
        return part.document()
    part.say("read", reader=found.reader, version=found.reader_version)
    for name in STATED:
        value = getattr(found, name)
        if value:
            part.say("field", name=name.replace("_", " ").capitalize(), value=value)
    _say_clocks(part, found)
    if found.edit_history:
        part.say("history", count=len(found.edit_history))
    if found.has_differing_thumbnail:
        part.say("thumbnail")
    return part.document()


def _say_clocks(part: Section, found: Metadata) -> None:
    for clock in found.clocks:
        zone = f"zone {clock.offset}" if clock.offset else "without a zone"
        whose = words()["clock"].get(clock.clock, clock.clock)
        part.say("clock", tag=clock.tag, text=clock.text, clock=whose, zone=zone)
    if found.place is not None:
        place = found.place
        part.say("place", latitude_deg=place.latitude_deg, longitude_deg=place.longitude_deg)


def _matches(facts: MediaFacts) -> dict[str, Any]:
    part = Section("match", facts)
    for row in facts.record.matches:
        _say_match(part, facts, row)
    if not facts.record.matches:
        part.say("none_checked" if facts.is_compared else "none_open")
    named = {row.list_version_id: row for row in facts.record.matches}
    for version_id, (event_seq, digest) in facts.versions.items():
        part.say(
            "version",
            list=named[version_id].list_name,
            version=named[version_id].version_number,
            digest=f", from a file of SHA-256 {digest}" if digest else "",
            event=event_seq,
        )
    return part.document()


def _say_match(part: Section, facts: MediaFacts, row: MatchRow) -> None:
    category = f", its category {row.category_code}" if row.category_code is not None else ""
    if category and row.scheme:
        category += f" of scheme {row.scheme}"
    part.say(
        "near" if str(row.algorithm) == "pdq" else "exact",
        event=facts.match_seqs.get(row.match_id, 0),
        algorithm=words()["algorithm"].get(str(row.algorithm), str(row.algorithm)),
        entry=row.entry_key,
        list=row.list_name,
        version=row.version_number,
        purpose=str(row.purpose),
        category=category,
        distance_bits=row.distance_bits,
        variant=_variant(row.variant),
        frame=f" (frame {row.frame_index})" if row.frame_index else "",
    )


def _variant(variant: str) -> str:
    return "" if variant == "original" else f" (as {variant.replace('-', ' ')})"


def _near(facts: MediaFacts) -> dict[str, Any]:
    part = Section("near", facts)
    for row in facts.near:
        part.say(
            "pair",
            media_id=row.media_id,
            distance_bits=row.distance_bits,
            variant=_variant(row.variant),
            event=row.event_seq,
        )
    if not facts.near:
        part.say("none")
    return part.document()


def _judged(facts: MediaFacts) -> dict[str, Any]:
    part = Section("judged", facts)
    for row in facts.judgements:
        subject = "the media" if row.subject_kind == "media" else f"item {row.subject}"
        part.say(
            "decision",
            actor=row.actor,
            decision=row.decision,
            subject=subject,
            note=f" ({row.note})" if row.note else "",
            event=facts.judgement_seqs.get(row.judgement_id, 0),
        )
    for key in facts.children:
        part.say("child", child=key)
    if not facts.judgements and not facts.children:
        part.say("none")
    return part.document()


def _log(facts: MediaFacts) -> dict[str, Any]:
    part = Section("log", facts)
    part.say("numbers", events=_listed(facts.events))
    part.say("verify")
    return part.document()


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
