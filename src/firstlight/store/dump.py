"""The canonical dump: what the store says, without times, row numbers and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple
from typing import Any

from firstlight.guard.custody import canonical_json
from firstlight.model.fingerprint import Reading
from firstlight.store.case import list_cases
from firstlight.store.database import Reader
from firstlight.store.fingerprint import load_readings
from firstlight.store.match import matches_of
from firstlight.store.media import media_page
from firstlight.store.near_copy import near_copies
from firstlight.store.sighting import SightingRow, load_sightings
from firstlight.store.source import list_sources

_PAGE = 1000


def canonical_dump(reader: Reader) -> str:
    """Write the content of a store so that equal contents give equal text.

    Sources, sightings with their failures, media, fingerprints, matches in force, near-copies
    and stacks (media joined by near-copies), one JSON document a line, sorted. Left out: times
    of recording, row numbers, events, and what only this file system knows (inode, device,
    times of a file).
    """
    return "".join(sorted(canonical_json(line) + "\n" for line in _lines(reader)))


def _lines(reader: Reader) -> Iterator[list[Any]]:
    for summary in list_cases(reader):
        yield ["case", summary.case.name]
    place: dict[int, list[Any]] = {}
    for one in list_sources(reader):
        place[one.source_id] = [one.case_name, one.path]
        stated = [one.exhibit, one.custodian, one.legal_basis, one.received_at]
        yield ["source", *place[one.source_id], one.kind, stated]
    for seen in load_sightings(reader):
        yield _sighting_line(seen, place[seen.source_id])
    yield from _media_lines(reader)
    pairs = list(near_copies(reader))
    for pair in pairs:
        yield ["near-copy", pair.media_id_a, pair.media_id_b, pair.distance_bits, pair.variant]
    for stack in _stacks((pair.media_id_a, pair.media_id_b) for pair in pairs):
        yield ["stack", *stack]


def _sighting_line(seen: SightingRow, place: list[Any]) -> list[Any]:
    failures = [[f.code, f.reason, f.stage, f.retryable] for f in seen.failures]
    return [
        "sighting",
        *place,
        seen.locator.key,
        seen.outcome,
        seen.media_id,
        seen.facts.size_bytes,
        seen.named_mime,
        seen.member_count,
        seen.is_changed,
        failures,
    ]


def _media_lines(reader: Reader) -> Iterator[list[Any]]:
    after = 0
    while page := media_page(reader, after_seq=after, limit=_PAGE):
        after = page[-1].media_seq
        names = [row.media_id for row in page]
        for row in page:
            kind = row.content_type
            yield ["media", row.media_id, row.md5, row.sha1, row.size_bytes, kind.kind, kind.mime]
        for stored in load_readings(reader, names, with_tags=True).values():
            yield from _reading_lines(stored.media_id, stored.reading, stored.pipeline)
        for matches in matches_of(reader, names).values():
            for one in matches:
                yield [
                    "match",
                    one.media_id,
                    one.list_name,
                    one.entry_key,
                    one.algorithm,
                    one.distance_bits,
                    one.variant,
                    one.route,
                    one.frame_index,
                    one.origin,
                ]


def _reading_lines(media_id: str, reading: Reading, pipeline: str) -> Iterator[list[Any]]:
    yield [
        "reading",
        media_id,
        pipeline,
        [reading.width_px, reading.height_px, reading.frame_count, reading.duration_s],
        [reading.is_truncated, reading.has_thumbnail],
        reading.container,
    ]
    for code in reading.pdq:
        yield ["pdq", media_id, *astuple(code)]
    if reading.metadata is not None:
        yield ["metadata", media_id, asdict(reading.metadata)]


def _stacks(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Join pairs into stacks; each is sorted."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    members: dict[str, list[str]] = {}
    for name in sorted(parent):
        members.setdefault(root(name), []).append(name)
    return list(members.values())
