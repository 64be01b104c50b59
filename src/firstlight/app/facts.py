"""Gathers the facts of one case, so that leads can be worked out without the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from firstlight.app.home import Home
from firstlight.app.matching import is_matching_complete
from firstlight.app.stacks import near_pairs
from firstlight.model.facts import (
    CameraElsewhere,
    CaseFacts,
    ChildFacts,
    FailureFacts,
    ListFacts,
    MatchFacts,
    MediaFacts,
    SightingFacts,
    SourceFacts,
)
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.model.media import Outcome, readable_path
from firstlight.store.case import CaseRow, case_names
from firstlight.store.child import child_links, list_children
from firstlight.store.database import Reader
from firstlight.store.hashlist import list_summaries
from firstlight.store.judgement import list_judgements
from firstlight.store.match import MatchRow
from firstlight.store.metadata import camera_rows
from firstlight.store.record import MediaRecord, records_of_case
from firstlight.store.sighting import SightingRow, troubled_sightings
from firstlight.store.source import list_sources


def gather_facts(home: Home, case: CaseRow, now_at: datetime | None = None) -> CaseFacts:
    """Read one case into memory, without tags.

    Cost: A few bulk queries; about a kilobyte a media.
    """
    with home.store.snapshot() as reader:
        names = case_names(reader)
        media = tuple(
            _media_facts(record, case, names) for record in records_of_case(reader, case.case_id)
        )
        return CaseFacts(
            case_name=case.name,
            now_at=now_at or datetime.now(UTC),
            media=media,
            sources=_sources(reader, case),
            lists=_lists(reader) if is_matching_complete(reader) else (),
            near_pairs=tuple(near_pairs(reader, case.case_id, {item.media_id for item in media})),
            failures=tuple(_failures(reader, case)),
            cameras_elsewhere=_cameras_elsewhere(reader, case, names),
            children=_children(reader),
            burst_gap_s=home.settings.burst_gap_s,
            recent_days=home.settings.recent_days,
        )


def _media_facts(record: MediaRecord, case: CaseRow, names: dict[int, str]) -> MediaFacts:
    reading = record.reading
    best = max(reading.pdq, key=lambda pdq: pdq.quality) if reading and reading.pdq else None
    others = {row.case_id for row in record.sightings if row.case_id != case.case_id}
    metadata = reading.metadata if reading else None
    return MediaFacts(
        media_id=record.media.media_id,
        kind=record.media.content_type.kind,
        mime=record.media.content_type.mime,
        size_bytes=record.media.size_bytes,
        sightings=tuple(
            _sighting_facts(row) for row in record.sightings if row.case_id == case.case_id
        ),
        width_px=reading.width_px if reading else None,
        height_px=reading.height_px if reading else None,
        is_truncated=bool(reading and reading.is_truncated),
        has_thumbnail=bool(reading and reading.has_thumbnail),
        pdq_quality=best.quality if best else None,
        pdq_reason=best.reason if best else None,
        metadata=replace(metadata, tags=()) if metadata else None,
        matches=tuple(_match_facts(row) for row in record.matches),
        other_case_names=tuple(sorted(names[case_id] for case_id in others)),
    )


def _sighting_facts(row: SightingRow) -> SightingFacts:
    return SightingFacts(
        sighting_id=row.sighting_id,
        source_id=row.source_id,
        path=row.locator.path,
        members=row.locator.members,
        mtime_ns=row.facts.mtime_ns,
        named_mime=row.named_mime,
    )


def _match_facts(row: MatchRow) -> MatchFacts:
    return MatchFacts(
        list_name=row.list_name,
        list_purpose=ListPurpose(row.purpose),
        entry_key=row.entry_key,
        algorithm=HashAlgorithm(row.algorithm),
        distance_bits=row.distance_bits,
        variant=row.variant if row.algorithm == HashAlgorithm.PDQ else None,
        scheme=row.scheme,
        category_code=row.category_code,
        marks=row.marks,
        is_derived=row.origin == "derived",
    )


def _sources(reader: Reader, case: CaseRow) -> tuple[SourceFacts, ...]:
    return tuple(
        SourceFacts(
            source_id=row.source_id,
            label=readable_path(row.path),
            exhibit=row.exhibit,
            custodian=row.custodian,
            received_at=datetime.fromisoformat(row.received_at) if row.received_at else None,
        )
        for row in list_sources(reader, case.case_id)
    )


def _lists(reader: Reader) -> tuple[ListFacts, ...]:
    return tuple(
        ListFacts(
            name=row.name,
            purpose=ListPurpose(row.purpose),
            entry_count=row.entries - row.entries_derived,
            pdq_entry_count=row.entries_with_pdq - row.entries_derived,
            derived_pdq_count=row.entries_derived,
            is_trusted=row.is_trusted,
        )
        for row in list_summaries(reader)
        if row.state != "withdrawn"
    )


def _failures(reader: Reader, case: CaseRow) -> Sequence[FailureFacts]:
    looked_at = {
        row.subject for row in list_judgements(reader, "sighting") if row.decision == "looked-at"
    }
    facts = []
    for row in troubled_sightings(reader, case_id=case.case_id):
        if row.outcome is Outcome.SKIPPED:
            continue
        base = FailureFacts(
            sighting_id=row.sighting_id,
            source_id=row.source_id,
            path=row.locator.path,
            outcome=row.outcome,
            code=str(row.outcome),
            reason="not opened by this version",
            members=row.locator.members,
            size_bytes=row.facts.size_bytes,
            media_id=row.media_id,
            is_looked_at=str(row.sighting_id) in looked_at,
        )
        if not row.failures:
            facts.append(base)
        facts.extend(
            replace(
                base,
                code=failure.code,
                reason=failure.reason,
                stage=failure.stage,
                is_retryable=failure.retryable,
            )
            for failure in row.failures
        )
    return facts


def _cameras_elsewhere(
    reader: Reader, case: CaseRow, names: dict[int, str]
) -> tuple[CameraElsewhere, ...]:
    media = {
        (row.case_id, row.maker, row.model, row.body_serial, row.media_id)
        for row in camera_rows(reader)
        if row.case_id != case.case_id
    }
    counts = Counter(entry[:4] for entry in media)
    return tuple(
        CameraElsewhere(names[case_id], maker, model, serial, count)
        for (case_id, maker, model, serial), count in sorted(
            counts.items(), key=lambda item: repr(item[0])
        )
    )


def _children(reader: Reader) -> tuple[ChildFacts, ...]:
    return tuple(
        ChildFacts(
            child_key=row.child_key,
            state=row.state or "unidentified",
            media_ids=tuple(
                link.subject
                for link in child_links(reader, row.child_id)
                if link.subject_kind == "media"
            ),
        )
        for row in list_children(reader)
    )
