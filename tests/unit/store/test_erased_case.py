"""A case whose key was destroyed is gone; what another case holds too stays readable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.unit.store import sealed_sample
from tests.unit.store import store_sample as sample

from firstlight.errors import CaseErasedError, ConflictError
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
from firstlight.store.item import add_item, add_metadata
from firstlight.store.rowform import row_form
from firstlight.store.verification import verify_store

ONE, SHARED, OTHER = (sample.media_id(n) for n in (1, 2, 3))
A, B = 1, 2


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Case A with contents 1 and 2, case B with 2 and 3."""
    with sample.new_store(tmp_path) as opened:
        first = sample.add_source(opened, "Case A", b"/only/a")
        second = sample.add_source(opened, "Case B", b"/only/b")
        sample.ingest(opened, first, sample.report(1), sample.report(2))
        sample.ingest(opened, second, sample.report(12, 2, reading=None), sample.report(3))
        copy_readings(opened, B, SHARED)
        sample.import_list(opened, [sample.entry(1), sample.entry(2)])
        note_everything(opened)
        yield opened
        assert verify_store(opened) == []


def copy_readings(store: Store, case_id: int, *media_ids: str) -> None:
    found = fingerprint.readings_to_copy(store, case_id, media_ids)
    assert set(found) == set(media_ids)
    with store.transaction() as tx, tx.event(sample.ACTOR, "re-read") as ev:
        for media_id, (reading_id, reading) in found.items():
            add_metadata(ev, case_id, media_id, reading_id, reading)
    assert fingerprint.readings_to_copy(store, case_id, media_ids) == {}


def note_everything(store: Store) -> None:
    with store.transaction() as tx, tx.event(sample.ACTOR, "judged") as ev:
        for one, other in ((ONE, SHARED), (SHARED, OTHER), (ONE, OTHER)):
            first, second = sorted((one, other))
            pair = {"media_id_a": first, "media_id_b": second, "distance_bits": 4}
            ev.add("near_copy", {**pair, "variant": "original", "frame_a": 0, "frame_b": 0})
        for key, case_id in (("child-a", A), ("child-b", B)):
            child_id = ev.add("child", {"child_key": key})
            said = {"state": "unidentified", "age_from": 8, "age_to": 10, "age_source": "a teacher"}
            ev.add("child_state", {"child_id": child_id, "case_id": case_id, "note": key, **said})
        for subject, cases in ((ONE, [A]), (SHARED, [A, B]), ("List A", [])):
            row = {"subject_kind": "media", "subject": subject, "decision": "seen"}
            judgement.add_judgement(ev, cases, row, f"note on {subject}")
        for number in (1, 2):
            (hit,) = hashlist.entries_by_digest(tx, [sample.digests_of(number).md5])
            named = {"media_id": sample.media_id(number), "entry_id": hit.entry_id}
            found = {"list_version_id": 1, "algorithm": "md5", "distance_bits": 0}
            ev.add("match", {**named, **found, "variant": "original", "frame_index": 0})


def erase(store: Store, case_id: int) -> None:
    with store.transaction() as tx, tx.event(sample.ACTOR, "erased-case") as ev:
        ev.add("case_erasure", {"case_id": case_id, "counts": {"sightings": 2}})
    store.sealer.erase_case(case_id)


def names(rows: object) -> set[str]:
    return {row.media_id for row in rows}  # type: ignore[attr-defined]


def test_before_it_is_erased_all_is_there(store: Store) -> None:
    assert sorted(case.case_names(store).values()) == ["Case A", "Case B"]
    assert names(media.media_page(store)) == {ONE, SHARED, OTHER}
    assert names(metadata.metadata_rows(store)) == {ONE, SHARED, OTHER}
    assert len(list(sighting.load_sightings(store))) == 4
    assert len(list(near_copy.near_copies(store))) == 3


def test_the_case_and_its_sources_are_gone(store: Store) -> None:
    erase(store, A)
    assert case.find_case(store, "Case A") is None
    assert [one.case.name for one in case.list_cases(store)] == ["Case B"]
    assert case.case_names(store) == {B: "Case B"}
    assert [one.case_name for one in source.list_sources(store)] == ["Case B"]
    assert source.list_sources(store, A) == []
    counts = source.count_source(store, 1)
    assert (counts.files, counts.media, counts.matched_media) == (0, 0, 0)
    assert {one.case_id for one in sighting.load_sightings(store)} == {B}
    assert list(sighting.seen_items(store, 1)) == []
    assert {one.case_id for one in metadata.camera_rows(store)} == {B}


def test_what_only_it_held_is_not_shown(store: Store) -> None:
    erase(store, A)
    left = {SHARED, OTHER}
    assert names(media.media_page(store)) == left
    assert media.media_page(store, case_id=A) == []
    assert names(fingerprint.pdq_rows(store)) == left
    assert names(metadata.metadata_rows(store, with_tags=True)) == left
    assert list(fingerprint.pdq_rows(store, case_id=A)) == []
    assert list(metadata.metadata_rows(store, case_id=A)) == []
    assert media.find_media(store, ONE) is None
    digests = sample.digests_of(1)
    for algorithm in ("md5", "sha1", "sha256"):
        assert media.media_by_digest(store, algorithm, getattr(digests, algorithm)) == []
    assert media.media_by_prefix(store, ONE[:9]) == []
    assert set(media.load_media(store, [ONE, SHARED])) == {SHARED}
    assert media.media_read_since(store, 0, 10_000) != []
    assert ONE not in media.media_read_since(store, 0, 10_000)
    assert record.load_record(store, ONE) is None
    assert fingerprint.load_readings(store, [ONE]) == {}
    assert sighting.sightings_of(store, [ONE]) == {}
    assert match.matched_media(store) == {SHARED}
    assert match.matched_media(store, case_id=A) == set()
    pairs = [(one.media_id_a, one.media_id_b) for one in near_copy.near_copies(store)]
    assert pairs == [tuple(sorted((SHARED, OTHER)))]
    assert list(near_copy.near_copies(store, media_ids=[ONE])) == []
    # Both cameras that A alone met, and not the one that B has too.
    assert metadata.media_with_serial(store, "FL1") == []
    assert metadata.media_with_serial(store, "FL2") == [SHARED]
    assert len(metadata.media_within_box(store, -90, -180, 90, 180)) == 2
    assert len(metadata.media_taken_between(store, "2024", "2025")) == 2
    dump = canonical_dump(store)
    assert ONE not in dump
    assert "Case A" not in dump
    assert SHARED in dump


def test_what_another_case_holds_stays_readable(store: Store) -> None:
    before = record.load_record(store, SHARED)
    erase(store, A)
    found = record.load_record(store, SHARED)
    assert before is not None
    assert found is not None
    assert found.reading == before.reading == sample.reading(2)
    assert found.matches == before.matches
    assert [one.case_id for one in before.sightings] == [A, B]
    assert found.sightings == before.sightings[1:]
    assert media.known_media(store, [ONE, SHARED]) == {ONE: False, SHARED: True}


def test_what_people_said_of_it_is_gone_with_it(store: Store) -> None:
    erase(store, A)
    notes = {row.subject: row.note for row in judgement.list_judgements(store)}
    assert notes == {ONE: None, SHARED: f"note on {SHARED}", "List A": "note on List A"}
    rows = {row.child_key: row for row in child.list_children(store)}
    gone, kept = rows["child-a"], rows["child-b"]
    assert (gone.case_name, gone.note, gone.age_source) == (None, None, None)
    assert (kept.case_name, kept.note, kept.age_source) == ("Case B", "child-b", "a teacher")
    assert set(event.stated_purposes(store).values()) == {"a test"}


@pytest.mark.parametrize("survivor", [A, B])
def test_it_does_not_matter_which_of_two_cases_is_erased(store: Store, survivor: int) -> None:
    erase(store, A + B - survivor)
    stored = fingerprint.load_readings(store, [SHARED], with_tags=True)[SHARED]
    assert stored.reading == sample.reading(2)
    assert len(case.list_cases(store)) == 1


def test_all_cases_may_be_erased(store: Store) -> None:
    erase(store, A)
    erase(store, B)
    assert case.list_cases(store) == []
    assert media.media_page(store) == []
    assert list(fingerprint.pdq_rows(store)) == []
    assert list(metadata.metadata_rows(store)) == []
    assert canonical_dump(store) == ""
    assert len(hashlist.entries_by_digest(store, [sample.digests_of(1).md5])) == 1


def test_a_process_that_starts_afterwards_sees_the_same(store: Store, tmp_path: Path) -> None:
    erase(store, A)
    with sample.open_sealed(tmp_path / "store.db") as later:
        assert canonical_dump(later) == canonical_dump(store)
        assert verify_store(later) == []
        form = row_form("sighting")
        row = later.fetch(select(form.table).where(form.table.c.case_id == A))[0]
        with pytest.raises(CaseErasedError):
            sealed_sample.open_row(later, form, row, "sealed")


def test_the_record_alone_hides_it_before_the_key_is_gone(store: Store) -> None:
    with store.transaction() as tx, tx.event(sample.ACTOR, "erased-case") as ev:
        ev.add("case_erasure", {"case_id": A})
    seen = canonical_dump(store)
    assert "Case A" not in seen
    store.sealer.erase_case(A)
    assert canonical_dump(store) == seen


def test_nothing_more_is_written_of_it(store: Store) -> None:
    erase(store, A)
    before = event.count_events(store)
    with (
        pytest.raises(CaseErasedError),
        store.transaction() as tx,
        tx.event(sample.ACTOR, "added-source") as ev,
    ):
        ev.add("source", {"case_id": A, "path": b"/new", "kind": "folder"})
    assert event.count_events(store) == before


def test_it_is_erased_once(store: Store) -> None:
    erase(store, A)
    with pytest.raises(ConflictError):
        erase(store, A)


def test_its_name_may_be_given_again_and_its_contents_come_in_anew(store: Store) -> None:
    erase(store, A)
    source_id = sample.add_source(store, "Case A", b"/only/a")
    found = case.find_case(store, "Case A")
    assert found is not None
    assert found.case_id == 3
    sample.ingest(store, source_id, sample.report(1))
    shown = record.load_record(store, ONE)
    assert shown is not None
    assert shown.reading == sample.reading(1)
    assert [one.case_id for one in shown.sightings] == [3]
    assert media.known_media(store, [ONE]) == {ONE: True}
    assert names(fingerprint.pdq_rows(store)) == {ONE, SHARED, OTHER}
    assert len(list(fingerprint.pdq_rows(store))) == 3
    assert [one.subject for one in judgement.list_judgements(store) if one.note] != [ONE]


def test_a_media_without_a_copy_keeps_its_hashes(store: Store) -> None:
    source_id = sample.add_source(store, "Case C")
    sample.ingest(store, source_id, sample.report(21, 1, reading=None))
    erase(store, A)
    stored = fingerprint.load_readings(store, [ONE])[ONE]
    assert (stored.reading.pdq, stored.reading.metadata) == (sample.reading(1).pdq, None)
    assert ONE in names(fingerprint.pdq_rows(store))
    assert match.matched_media(store) == {ONE, SHARED}
    assert media.known_media(store, [ONE]) == {ONE: False}


def test_a_later_reading_of_an_erased_case_does_not_hide_ours(store: Store) -> None:
    newer = sample.reading(2, width_px=9, metadata=sample.metadata(2, owner="Newer"))
    (seen,) = [one for one in sighting.seen_items(store, 1) if one.media_id == SHARED]
    with store.transaction() as tx, tx.event(sample.ACTOR, "re-read") as ev:
        add_item(
            ev,
            sample.place_of(store, 1),
            sample.report(2, reading=newer),
            pipeline="test-2",
            is_new_media=False,
            supersedes=seen.sighting_id,
        )
    current = fingerprint.load_readings(store, [SHARED], with_tags=True)[SHARED]
    assert current.reading == newer
    assert len([one for one in fingerprint.pdq_rows(store) if one.media_id == SHARED]) == 1
    erase(store, A)
    current = fingerprint.load_readings(store, [SHARED], with_tags=True)[SHARED]
    assert current.reading == sample.reading(2)
    assert current.pipeline == "test-1"
    rows = {row.media_id: row.metadata.owner for row in metadata.metadata_rows(store)}
    assert rows[SHARED] == "Owner"
    assert len([one for one in fingerprint.pdq_rows(store) if one.media_id == SHARED]) == 1
