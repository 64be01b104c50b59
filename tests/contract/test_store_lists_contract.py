"""Every adapter of the store: hash lists, their versions, and what matches them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.store import store_sample as sample

from firstlight.model.hashlist import HashAlgorithm
from firstlight.store import case, hashlist, match, source
from firstlight.store.database import Store
from firstlight.store.dump import canonical_dump
from firstlight.store.list_import import DerivedEntry, add_derived_entries


def only_match(store: Store, content: int, **changes: object) -> None:
    (hit,) = hashlist.entries_by_digest(store, md5s=[sample.digests_of(content).md5])
    row = {
        "media_id": sample.media_id(content),
        "entry_id": hit.entry_id,
        "list_version_id": hit.list_version_id,
        "algorithm": "md5",
        "distance_bits": 0,
        "variant": "original",
        "frame_index": 0,
    }
    with store.transaction() as tx, tx.event(sample.ACTOR, "matched") as ev:
        ev.add_many("match", match.only_new_matches(tx, [{**row, **changes}]))


def test_a_list_answers_by_digest(store: Store) -> None:
    assert not hashlist.has_list_in_force(store)
    counts = sample.import_list(store, [sample.entry(1), sample.entry(2), sample.pdq_entry(3)])
    assert (counts.new, counts.with_digest, counts.with_pdq) == (3, 2, 1)
    assert hashlist.has_list_in_force(store)
    digests = sample.digests_of(1)
    hits = hashlist.entries_by_digest(
        store, [digests.md5, b"0" * 16], [digests.sha1], [digests.sha256]
    )
    assert [(hit.algorithm, hit.entry_key) for hit in hits] == [("md5", "key-1"), ("sha1", "key-1")]
    assert hits[0].digest == digests.md5
    (rows,) = hashlist.entry_pdq_rows(store)
    assert (rows.pdq, rows.radius_bits) == (sample.codes(3)[:32], 31)
    stored = hashlist.load_entries(store, [hits[0].entry_id])[hits[0].entry_id]
    given = sample.entry(1)
    assert (stored.hashes, stored.marks, stored.record, stored.category_code) == (
        given.hashes,
        given.marks,
        given.record,
        given.category_code,
    )


def test_no_category_is_not_category_zero(store: Store) -> None:
    sample.import_list(
        store, [sample.entry(1, category_code=None), sample.entry(2, category_code="0")]
    )
    rows = hashlist.load_entries(store, [1, 2]).values()
    assert {row.entry_key: row.category_code for row in rows} == {"key-1": None, "key-2": "0"}


def test_known_good_lists_work_by_strong_digests_alone(store: Store) -> None:
    sample.import_list(store, [sample.entry(1), sample.pdq_entry(3)], purpose="known-good")
    digests = sample.digests_of(1)
    hits = hashlist.entries_by_digest(store, [digests.md5], [digests.sha1])
    assert [hit.algorithm for hit in hits] == ["sha1"]
    assert list(hashlist.entry_pdq_rows(store)) == []
    assert not hashlist.has_list_in_force(store)


def test_a_newer_version_updates_and_withdraws(store: Store) -> None:
    sample.import_list(store, [sample.entry(1), sample.entry(2), sample.entry(3)])
    changed = sample.entry(2, category_code="2")
    counts = sample.import_list(store, [sample.entry(1), changed, sample.entry(4)])
    assert (counts.new, counts.changed, counts.unchanged, counts.withdrawn) == (1, 1, 1, 1)
    summary = hashlist.find_list(store, "List A")
    assert summary is not None
    assert (summary.version_number, summary.entries, summary.entries_withdrawn) == (2, 3, 1)
    assert summary.counts["withdrawn"] == 1
    md5s = [sample.digests_of(n).md5 for n in (1, 2, 3, 4)]
    hits = hashlist.entries_by_digest(store, md5s)
    assert {hit.entry_key for hit in hits} == {"key-1", "key-2", "key-4"}
    newest = {hit.entry_key: hit.entry_id for hit in hits}["key-2"]
    assert hashlist.load_entries(store, [newest])[newest].category_code == "2"
    counts = sample.import_list(store, [sample.entry(3)])
    assert (counts.changed, counts.withdrawn) == (1, 3)


def test_counts_of_a_list_follow_every_change(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1))
    photodna = sample.entry(5, hashes=((HashAlgorithm.PHOTODNA, b"p" * 144),))
    sample.import_list(store, [sample.pdq_entry(2), photodna], name="List B")
    sample.import_list(store, [sample.entry(1), sample.pdq_entry(2), photodna])
    (hit,) = hashlist.entries_by_digest(store, [sample.digests_of(1).md5])
    own = DerivedEntry(hit.entry_id, sample.media_id(1), sample.codes(1)[:32])
    with store.transaction() as tx, tx.event(sample.ACTOR, "derived-entries") as ev:
        add_derived_entries(tx, ev, [own])
    changed = sample.entry(1, category_code=None)
    expected = [
        ([sample.entry(1), sample.pdq_entry(2), photodna], (4, 2, 1, 1, 0)),
        ([sample.entry(1), sample.pdq_entry(3)], (3, 2, 0, 1, 2)),
        ([sample.entry(1), sample.pdq_entry(2), photodna], (4, 2, 1, 1, 1)),
        ([changed, sample.pdq_entry(2)], (2, 1, 0, 0, 2)),
        ([sample.pdq_entry(3)], (1, 1, 0, 0, 3)),
    ]
    for entries, counts in expected:
        sample.import_list(store, entries)
        found = hashlist.find_list(store, "List A")
        assert found is not None
        assert counts == (
            found.entries,
            found.entries_with_pdq,
            found.entries_with_photodna,
            found.entries_derived,
            found.entries_withdrawn,
        )
    other = hashlist.find_list(store, "List B")
    assert other is not None
    assert (other.entries, other.entries_with_photodna, other.entries_withdrawn) == (2, 1, 0)


def test_a_partial_version_withdraws_nothing(store: Store) -> None:
    sample.import_list(store, [sample.entry(1)])
    sample.import_list(store, [sample.entry(2)], is_partial=True)
    assert len(hashlist.entries_by_digest(store, [sample.digests_of(1).md5])) == 1


def test_repeats_within_one_file_add_nothing(store: Store) -> None:
    counts = sample.import_list(
        store, [sample.entry(1), sample.entry(1), sample.entry(1, category_code="9")]
    )
    assert (counts.new, counts.repeated, counts.changed) == (1, 1, 1)
    (hit,) = hashlist.entries_by_digest(store, [sample.digests_of(1).md5])
    assert hashlist.load_entries(store, [hit.entry_id])[hit.entry_id].category_code == "9"


def test_matches_count_while_list_and_entry_are_in_force(store: Store) -> None:
    source_id = sample.add_source(store)
    sample.ingest(store, source_id, sample.report(1), sample.report(2))
    sample.import_list(store, [sample.entry(1), sample.entry(2)])
    only_match(store, 1)
    only_match(store, 1)
    only_match(store, 2)
    name = sample.media_id(1)
    (found,) = match.matches_of(store, [name])[name]
    assert (found.list_name, found.version_number, found.entry_key) == ("List A", 1, "key-1")
    assert found.marks == (("series", "Lighthouse"),)
    assert match.matched_media(store, case_id=1) == {name, sample.media_id(2)}
    assert source.count_source(store, source_id).matched_media == 2
    assert case.list_cases(store)[0].matched_media == 2

    sample.import_list(store, [sample.entry(1)])
    assert match.matched_media(store) == {name}
    sample.import_list(store, [], state="withdrawn")
    assert match.matched_media(store, source_id=source_id) == set()
    assert match.matches_of(store, [name]) == {}
    assert not hashlist.has_list_in_force(store)
    assert hashlist.entries_by_digest(store, [sample.digests_of(1).md5]) == []


def test_derived_entries_follow_their_parents(store: Store) -> None:
    sample.ingest(store, sample.add_source(store), sample.report(1))
    sample.import_list(store, [sample.entry(1)])

    def derive() -> int:
        (hit,) = hashlist.entries_by_digest(store, [sample.digests_of(1).md5])
        one = DerivedEntry(hit.entry_id, sample.media_id(1), sample.codes(1)[:32])
        with store.transaction() as tx, tx.event(sample.ACTOR, "derived-entries") as ev:
            return add_derived_entries(tx, ev, [one, one])

    assert (derive(), derive()) == (1, 0)
    (row,) = hashlist.entry_pdq_rows(store)
    entry = hashlist.load_entries(store, [row.entry_id])[row.entry_id]
    assert (entry.origin, entry.derived_from, entry.category_code) == ("derived", "key-1", "1")
    sample.import_list(store, [sample.entry(1, category_code="2")])
    assert list(hashlist.entry_pdq_rows(store)) == []
    assert derive() == 1
    (row,) = hashlist.entry_pdq_rows(store)
    assert hashlist.load_entries(store, [row.entry_id])[row.entry_id].category_code == "2"
    sample.import_list(store, [])
    assert list(hashlist.entry_pdq_rows(store)) == []


def test_the_dump_forgets_order_and_time(store: Store, tmp_path: Path) -> None:
    first = sample.add_source(store)
    for number in (1, 2, 3):
        sample.ingest(store, first, sample.report(number))
    sample.import_list(store, [sample.entry(1)])
    only_match(store, 1)
    with sample.new_store(tmp_path, "other.db") as other:
        sample.import_list(other, [sample.entry(5), sample.entry(1)])
        sample.import_list(other, [sample.entry(1)])
        source_id = sample.add_source(other)
        changed = [sample.report(n, facts=sample.report(n).facts) for n in (3, 1, 2)]
        sample.ingest(other, source_id, *changed)
        assert canonical_dump(other) != canonical_dump(store)
        only_match(other, 1)
        assert canonical_dump(other) == canonical_dump(store)
