"""Every adapter of the store: cases, items, children, judgements, events."""

from __future__ import annotations

from contextlib import suppress

import pytest
from tests.unit.store import store_sample as sample

from firstlight.errors import ConflictError, InternalError
from firstlight.model.fingerprint import Reading
from firstlight.model.hashlist import HashAlgorithm
from firstlight.model.media import Locator, Outcome
from firstlight.store import (
    case,
    child,
    event,
    fingerprint,
    hashlist,
    judgement,
    match,
    media,
    metadata,
    near_copy,
    record,
    sighting,
    source,
)
from firstlight.store.database import Store
from firstlight.store.dump import canonical_dump
from firstlight.store.item import add_item


def test_cases_and_sources_come_back(store: Store) -> None:
    first = sample.add_source(store)
    second = sample.add_source(store, path=b"/seized/\xff two")
    with store.transaction() as tx, tx.event(sample.ACTOR, "stated-source") as ev:
        ev.add("source_statement", {"source_id": first, "case_id": 1, "exhibit": "old"})
        said = {"source_id": first, "case_id": 1, "exhibit": "E1", "custodian": "C"}
        ev.add("source_statement", said)
    found = case.find_case(store, "Case A")
    assert found is not None
    assert case.find_case(store, "case a") is None
    rows = source.list_sources(store, found.case_id)
    assert [row.source_id for row in rows] == [first, second]
    assert (rows[0].exhibit, rows[0].custodian, rows[0].legal_basis) == ("E1", "C", None)
    assert (rows[1].path, rows[1].exhibit) == (b"/seized/\xff two", None)
    again = source.find_source(store, found.case_id, b"/seized/\xff two")
    assert again == rows[1]
    assert source.find_source(store, found.case_id, b"/seized/") is None


def test_a_name_is_taken_once(store: Store) -> None:
    sample.add_source(store)
    with (
        pytest.raises(ConflictError),
        store.transaction() as tx,
        tx.event(sample.ACTOR, "opened-case") as ev,
    ):
        case.add_case(tx, ev, "Case A")
    assert len(case.list_cases(store)) == 1


def test_runs_say_how_they_ended(store: Store) -> None:
    source_id = sample.add_source(store)
    assert source.last_run(store, source_id) is None
    with store.transaction() as tx:
        with tx.event(sample.ACTOR, "began-run") as ev:
            begun = ev.add("run", {"source_id": source_id, "state": "begun"})
        with tx.event(sample.ACTOR, "ended-run") as ev:
            ended = {"state": "ended", "counts": {"not_re_read": 3}, "begun_run_id": begun}
            ev.add("run", {"source_id": source_id, **ended})
    last = source.last_run(store, source_id)
    assert last is not None
    assert (last.state, last.counts, last.begun_run_id) == ("ended", {"not_re_read": 3}, begun)


def test_an_item_comes_back_as_it_was(store: Store) -> None:
    source_id = sample.add_source(store)
    given = sample.report(1)
    sample.ingest(store, source_id, given)
    found = record.load_record(store, sample.media_id(1))
    assert found is not None
    assert found.reading == given.reading
    assert found.pipeline == "test-1"
    assert found.sightings[0].locator == given.locator
    assert found.sightings[0].facts == given.facts
    assert found.media.content_type == given.content_type
    (seen,) = sighting.seen_items(store, source_id)
    assert (seen.item_key, seen.facts, seen.media_id) == (
        given.locator.key,
        given.facts,
        sample.media_id(1),
    )
    assert not seen.has_failure


def test_members_of_archives_keep_every_byte(store: Store) -> None:
    inner = Locator(b"/seized/a.zip", (b"x\x00\xff.tar", b"\n-if"), (3, 0))
    source_id = sample.add_source(store)
    sample.ingest(store, source_id, sample.report(1, locator=inner))
    (seen,) = sighting.seen_items(store, source_id)
    assert (seen.path, seen.members) == (inner.path, inner.members)
    assert (
        sighting.sightings_of(store, [sample.media_id(1)])[sample.media_id(1)][0].locator == inner
    )


def test_one_content_in_two_places_is_one_media(store: Store) -> None:
    first = sample.add_source(store)
    other = sample.add_source(store, "Case B", b"/elsewhere")
    sample.ingest(store, first, sample.report(1, 9), sample.report(2, 9, reading=None))
    sample.ingest(store, other, sample.report(3, 9, reading=None))
    counts = source.count_source(store, first)
    assert (counts.files, counts.media) == (2, 1)
    found = record.load_record(store, sample.media_id(9))
    assert found is not None
    assert len(found.sightings) == 3
    assert found.reading is not None
    assert len({one.case_id for one in found.sightings}) == 2
    assert media.known_media(store, [sample.media_id(9), "00"]) == {sample.media_id(9): True}


def test_an_item_is_first_recorded_once(store: Store) -> None:
    source_id = sample.add_source(store)
    sample.ingest(store, source_id, sample.report(1))
    with pytest.raises(ConflictError):
        sample.ingest(store, source_id, sample.report(1))


def test_a_retried_item_takes_the_place_of_its_failure(store: Store) -> None:
    source_id = sample.add_source(store)
    (failed,) = sample.ingest(store, source_id, sample.failed_report(1))
    assert [row.sighting_id for row in sighting.troubled_sightings(store)] == [failed]
    (seen,) = sighting.seen_items(store, source_id)
    assert seen.has_failure
    assert seen.has_retryable_failure
    with store.transaction() as tx, tx.event(sample.ACTOR, "retried") as ev:
        add_item(
            ev,
            sample.place_of(store, source_id),
            sample.report(1),
            pipeline="test-1",
            is_new_media=True,
            supersedes=failed,
        )
    assert sighting.troubled_sightings(store) == []
    (seen,) = sighting.seen_items(store, source_id)
    assert (seen.outcome, seen.has_failure) == (Outcome.READ, False)
    assert source.count_source(store, source_id).files == 1


def test_the_newest_reading_counts(store: Store) -> None:
    source_id = sample.add_source(store)
    (first,) = sample.ingest(store, source_id, sample.report(1))
    newer = sample.reading(1, width_px=9, pdq=(), metadata=None)
    with store.transaction() as tx, tx.event(sample.ACTOR, "re-read") as ev:
        add_item(
            ev,
            sample.place_of(store, source_id),
            sample.report(1, reading=newer),
            pipeline="test-2",
            is_new_media=False,
            supersedes=first,
            is_changed=True,
        )
    name = sample.media_id(1)
    assert fingerprint.load_readings(store, [name])[name].reading == newer
    assert list(fingerprint.pdq_rows(store)) == []
    assert list(metadata.metadata_rows(store)) == []
    assert len(sighting.changed_sightings(store, 1)) == 1


def test_low_quality_hashes_are_kept_and_not_compared(store: Store) -> None:
    source_id = sample.add_source(store)
    flat = sample.reading(2).pdq[0]
    flat = type(flat)(flat.codes, 3, "grey", "pdq-1", reason="too plain")
    sample.ingest(
        store, source_id, sample.report(1), sample.report(2, reading=Reading(pdq=(flat,)))
    )
    assert [row.media_id for row in fingerprint.pdq_rows(store)] == [sample.media_id(1)]
    assert len(list(fingerprint.pdq_rows(store, min_quality=0))) == 2
    last = fingerprint.last_pdq_id(store)
    assert list(fingerprint.pdq_rows(store, after_pdq_id=last, min_quality=0)) == []
    stored = fingerprint.load_readings(store, [sample.media_id(2)])[sample.media_id(2)]
    assert stored.reading.pdq == (flat,)


def test_media_are_found_by_digest_and_by_the_start_of_their_name(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1), sample.report(2))
    digests, name = sample.digests_of(1), sample.media_id(1)
    for algorithm in (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.SHA256):
        found = media.media_by_digest(store, algorithm, getattr(digests, algorithm.value))
        assert [row.media_id for row in found] == [name]
    assert media.media_by_digest(store, "pdq", digests.sha256) == []
    assert [row.media_id for row in media.media_by_prefix(store, name[:9].upper())] == [name]
    assert media.media_by_prefix(store, "%") == []
    assert media.find_media(store, "ff") is None


def test_media_come_page_by_page(store: Store) -> None:
    first = sample.add_source(store)
    other = sample.add_source(store, "Case B", b"/b")
    sample.ingest(store, first, *(sample.report(n) for n in range(5)))
    sample.ingest(store, other, sample.report(7), sample.report(8, 0, reading=None))
    pages = []
    after = 0
    while page := media.media_page(store, case_id=1, after_seq=after, limit=2):
        pages.append([row.media_id for row in page])
        after = page[-1].media_seq
    assert pages == [
        [sample.media_id(0), sample.media_id(1)],
        [sample.media_id(2), sample.media_id(3)],
        [sample.media_id(4)],
    ]
    in_other = [row.media_id for row in media.media_page(store, source_id=other)]
    assert in_other == [sample.media_id(0), sample.media_id(7)]
    assert [one.media.media_id for one in record.records_of_case(store, 2)] == in_other


def test_cameras_places_and_times_are_found(store: Store) -> None:
    first = sample.add_source(store)
    other = sample.add_source(store, "Case B", b"/b")
    sample.ingest(store, first, sample.report(1), sample.report(2))
    sample.ingest(store, other, sample.report(4))
    cameras = [(row.body_serial, row.case_id) for row in metadata.camera_rows(store)]
    assert sorted(cameras) == [("FL1", 1), ("FL1", 2), ("FL2", 1)]
    assert set(metadata.media_with_serial(store, " fl1 ")) == {
        sample.media_id(1),
        sample.media_id(4),
    }
    assert len(metadata.media_with_serial(store, "l-9")) == 3
    boxed = metadata.media_within_box(store, 10.5, 170.0, 12.5, -170.0)
    assert {name for name, _, _ in boxed} == {sample.media_id(1), sample.media_id(2)}
    assert metadata.media_within_box(store, 10.5, -170.0, 12.5, 170.0) == []
    taken = metadata.media_taken_between(store, "2024-05-02T10:00:02", "2024-05-02T10:00:09")
    assert [name for name, _ in taken] == [sample.media_id(2), sample.media_id(4)]


def test_progress_is_the_newest_line(store: Store) -> None:
    assert match.progress_of_matching(store) == match.Progress(0, 0, 0)
    assert near_copy.progress_of_near_copies(store) == 0
    with store.transaction() as tx, tx.event(sample.ACTOR, "matched") as ev:
        for number in (3, 5):
            lasts = ("last_pdq_id", "last_media_seq", "last_entry_id")
            ev.add("match_progress", dict.fromkeys(lasts, number))
            ev.add("near_copy_progress", {"last_pdq_id": number})
    assert match.progress_of_matching(store) == match.Progress(5, 5, 5)
    assert near_copy.progress_of_near_copies(store) == 5


def test_near_copies_are_ordered_pairs_kept_once(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), *(sample.report(n) for n in range(3)))
    low, middle, high = sorted(sample.media_id(n) for n in range(3))
    pairs = [(high, low, 8), (low, high, 4), (middle, middle, 0), (middle, low, 6)]
    rows = [
        {"media_id_a": a, "media_id_b": b, "distance_bits": d, "variant": "original"}
        for a, b, d in pairs
    ]
    for _ in range(2):
        with store.transaction() as tx, tx.event(sample.ACTOR, "found-near-copies") as ev:
            ev.add_many("near_copy", near_copy.only_new_near_copies(tx, rows))
    found = {(p.media_id_a, p.media_id_b): p.distance_bits for p in near_copy.near_copies(store)}
    assert found == {(low, high): 4, (low, middle): 6}
    assert len(list(near_copy.near_copies(store, case_id=1))) == 2
    assert list(near_copy.near_copies(store, case_id=2)) == []
    assert [p.distance_bits for p in near_copy.near_copies(store, media_ids=[high])] == [4]


def test_children_are_listed_by_age_of_case(store: Store) -> None:
    sample.add_source(store)
    with store.transaction() as tx:
        for key, case_id in (("child-2", None), ("child-1", 1)):
            with tx.event(sample.ACTOR, "added-child") as ev:
                number = ev.add("child", {"child_key": key})
                ev.add("child_state", {"child_id": number, "state": "unidentified"})
            with tx.event(sample.ACTOR, "stated-child") as ev:
                state = {"state": "identified", "age_from": 8, "age_to": 10, "case_id": case_id}
                ev.add("child_state", {"child_id": number, **state})
                link = {"subject_kind": "media", "subject": "ab"}
                ev.add("child_link", {"child_id": number, **link})
    rows = child.list_children(store)
    assert [(row.child_key, row.state, row.case_name) for row in rows] == [
        ("child-1", "identified", "Case A"),
        ("child-2", "identified", None),
    ]
    assert [row.child_key for row in child.list_children(store, case_id=1)] == ["child-1"]
    assert child.find_child(store, "child-9") is None
    assert child.children_of(store, "media", "ab") == ["child-1", "child-2"]
    assert child.child_links(store, rows[0].child_id) == [child.ChildLink("media", "ab")]


def test_the_newest_judgement_stands(store: Store) -> None:
    sample.import_list(store, [sample.entry(1)], purpose="known-good")
    for decision in ("trusted", "not-trusted", "trusted"):
        with store.transaction() as tx, tx.event(sample.ACTOR, "judged") as ev:
            row = {"subject_kind": "list", "subject": "List A", "decision": decision}
            judgement.add_judgement(ev, [], row, f"note on {decision}")
    last = judgement.latest_judgement(store, "list", "List A")
    assert last is not None
    assert (last.decision, last.actor) == ("trusted", "os:tester")
    assert last.note == "note on trusted"
    assert len(judgement.list_judgements(store, "list")) == 3
    assert hashlist.list_summaries(store)[0].is_trusted


def test_events_come_in_pages(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), *(sample.report(n) for n in range(4)))
    assert event.count_events(store) == 6
    assert event.count_events(store, "ingested") == 4
    page = event.event_page(store, after_seq=2, limit=3)
    assert [one.event_seq for one in page] == [3, 4, 5]
    assert page[1].previous_sha256 == page[0].sha256
    last = event.last_event(store)
    assert last is not None
    assert (last.event_seq, last.actor) == (6, "os:tester")
    assert event.stated_purposes(store) == {last.purpose: "a test"}


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    sample.add_source(store)
    before = canonical_dump(store), event.count_events(store)

    def open_and_fail() -> None:
        with store.transaction() as tx:
            with tx.event(sample.ACTOR, "opened-case") as ev:
                case.add_case(tx, ev, "Case B")
            assert case.find_case(tx, "Case B") is not None
            raise RuntimeError

    with pytest.raises(RuntimeError):
        open_and_fail()
    assert (canonical_dump(store), event.count_events(store)) == before


def test_a_failed_event_cannot_be_swallowed(store: Store) -> None:

    def swallow() -> None:
        with (
            store.transaction() as tx,
            suppress(RuntimeError),
            tx.event(sample.ACTOR, "opened-case") as ev,
        ):
            case.add_case(tx, ev, "Case B")
            raise RuntimeError

    with pytest.raises(InternalError):
        swallow()
    assert case.list_cases(store) == []


def test_a_snapshot_does_not_move(store: Store) -> None:
    sample.add_source(store)
    with store.snapshot() as view:
        assert len(case.list_cases(view)) == 1
        sample.add_source(store, "Case B")
        assert len(case.list_cases(view)) == 1
    assert len(case.list_cases(store)) == 2
