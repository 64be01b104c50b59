"""Brings matches up to date: new media with every list, every media with new entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.app.home import Home
from firstlight.app.known import digest_match_row
from firstlight.match.hamming import pack_codes
from firstlight.match.scan import ScanIndex
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.store.current import blocks
from firstlight.store.database import Reader
from firstlight.store.fingerprint import PdqRow, last_pdq_id, load_readings, pdq_rows
from firstlight.store.hashlist import (
    DigestHit,
    EntryPdq,
    entries_by_digest,
    entry_pdq_rows,
    last_entry_id,
    load_entries,
)
from firstlight.store.list_import import DerivedEntry, add_derived_entries
from firstlight.store.match import Progress, only_new_matches, progress_of_matching
from firstlight.store.media import MediaRow, load_media, media_page, media_read_since

PAGE_MEDIA = 500
BLOCK_HASHES = 2048


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """What a pass added."""

    matches: int
    derived_entries: int


def update_matches(home: Home, on_step: Callable[[], None] = lambda: None) -> MatchCounts:
    """Compare what has not been compared yet; harmless when there is nothing.

    The result does not depend on the order in which media and lists came in: digests first, then
    the PDQ entries derived from them, then PDQ both ways.

    Args:
        on_step: Called now and then, to show progress.

    Cost: One exact scan of the new codes against the entries' codes, eight variants each.
    """
    store = home.store
    before = progress_of_matching(store)
    newest_entry = last_entry_id(store)
    if not newest_entry:
        return MatchCounts(0, 0)
    newest_pdq, newest_media = last_pdq_id(store), before.last_media_seq
    matches = derived = 0
    for page in _pages(store, before, has_new_entries=newest_entry > before.last_entry_id):
        added, made = _match_digests(home, page)
        matches, derived = matches + added, derived + made
        newest_media = max(newest_media, page[-1].media_seq)
        on_step()
    matches += _match_pdq(home, before.last_pdq_id, 0, on_step)
    newest_entry = last_entry_id(store)
    if newest_entry > before.last_entry_id and before.last_pdq_id:
        matches += _match_pdq(home, 0, before.last_entry_id, on_step)
    after = Progress(newest_pdq, newest_media, newest_entry)
    if after != before:
        with (
            store.transaction() as transaction,
            transaction.event(home.actor, "matched", {"by": "progress"}) as event,
        ):
            event.add("match_progress", asdict(after))
    return MatchCounts(matches, derived)


def is_matching_complete(reader: Reader) -> bool:
    """Whether every media has been compared with every entry (a run may have been stopped)."""
    done, newest_entry = progress_of_matching(reader), last_entry_id(reader)
    if not newest_entry:
        return True
    if newest_entry > done.last_entry_id or last_pdq_id(reader) > done.last_pdq_id:
        return False
    return not media_page(reader, after_seq=done.last_media_seq, limit=1)


def _pages(reader: Reader, before: Progress, *, has_new_entries: bool) -> Iterator[list[MediaRow]]:
    """Give the media whose digests are to be compared: all, or new and newly readable ones."""
    first_seq = 0 if has_new_entries else before.last_media_seq
    if first_seq:
        for media_ids in blocks(media_read_since(reader, before.last_pdq_id, first_seq)):
            yield sorted(load_media(reader, media_ids).values(), key=lambda row: row.media_seq)
    while page := media_page(reader, after_seq=first_seq, limit=PAGE_MEDIA):
        yield page
        first_seq = page[-1].media_seq


def _match_digests(home: Home, page: Sequence[MediaRow]) -> tuple[int, int]:
    store = home.store
    hits = entries_by_digest(
        store,
        md5s=[media.md5 for media in page],
        sha1s=[media.sha1 for media in page],
        sha256s=[media.sha256 for media in page],
    )
    if not hits:
        return 0, 0
    owners = _owners(page)
    found = [(owners[hit.algorithm, hit.digest], hit) for hit in hits]
    rows = only_new_matches(store, [digest_match_row(media_id, hit) for media_id, hit in found])
    derived = 0
    with store.transaction() as transaction:
        if rows:
            with transaction.event(home.actor, "matched", {"by": "digest"}) as event:
                event.add_many("match", rows)
        entries = list(_derivable(store, found))
        if entries:
            with transaction.event(home.actor, "derived-entries", {}) as event:
                derived = add_derived_entries(transaction, event, entries)
    return len(rows), derived


def _owners(page: Sequence[MediaRow]) -> dict[tuple[HashAlgorithm, bytes], str]:
    owners = {}
    for media in page:
        owners[HashAlgorithm.MD5, media.md5] = media.media_id
        owners[HashAlgorithm.SHA1, media.sha1] = media.media_id
        owners[HashAlgorithm.SHA256, media.sha256] = media.media_id
    return owners


def _derivable(reader: Reader, found: list[tuple[str, DigestHit]]) -> Iterator[DerivedEntry]:
    """Give the PDQ of media that a list knows by digest alone, the lowest entry first."""
    wanted = sorted(
        (hit.entry_id, media_id) for media_id, hit in found if hit.purpose != ListPurpose.KNOWN_GOOD
    )
    codes = still_codes(reader, {media_id for _, media_id in wanted})
    for entry_id, media_id in wanted:
        if media_id in codes:
            yield DerivedEntry(entry_id, media_id, codes[media_id])


def still_codes(reader: Reader, media_ids: set[str]) -> dict[str, bytes]:
    """Return the comparable PDQ of still pictures, by media."""
    codes = {}
    for media_id, stored in load_readings(reader, sorted(media_ids)).items():
        for pdq in stored.reading.pdq:
            if pdq.time_s is None and pdq.frame_index == 0 and pdq.is_matchable:
                codes[media_id] = pdq.code
    return codes


def _match_pdq(
    home: Home, after_pdq_id: int, after_entry_id: int, on_step: Callable[[], None]
) -> int:
    store = home.store
    entries = EntryIndex(entry_pdq_rows(store, after_entry_id=after_entry_id))
    if not len(entries):
        return 0
    added = 0
    for block in blocks(pdq_rows(store, after_pdq_id=after_pdq_id), BLOCK_HASHES):
        rows = _without_own(store, entries.hits(block))
        rows = [dict(row) for row in only_new_matches(store, rows)]
        if rows:
            with (
                store.transaction() as transaction,
                transaction.event(home.actor, "matched", {"by": "pdq"}) as event,
            ):
                event.add_many("match", rows)
        added += len(rows)
        on_step()
    return added


class EntryIndex:
    """The PDQ codes of list entries, searched each within the radius of its own list.

    Args:
        entries: Drawn once.
    """

    def __init__(self, entries: Iterable[EntryPdq]) -> None:
        self._entries = list(entries)
        self._index = ScanIndex(pack_codes([entry.pdq for entry in self._entries]))
        self._radius_bits = max((entry.radius_bits for entry in self._entries), default=0)

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    def hits(self, block: Sequence[PdqRow]) -> list[dict[str, Any]]:
        """Compare pictures, eight variants each, with all entries; the nearest variant counts.

        Returns:
            Match records, without what ``store.match`` may know already.
        """
        entries = self._entries
        nearest: dict[tuple[int, int], tuple[int, int]] = {}
        queries = all_variants([row.codes for row in block])
        found = self._index.search(queries, self._radius_bits)
        for query, stored, distance in zip(*(part.tolist() for part in found), strict=True):
            if distance > entries[stored].radius_bits:
                continue
            row, variant = divmod(query, 8)
            key = (row, stored)
            nearest[key] = min(nearest.get(key, (distance, variant)), (distance, variant))
        return [
            {
                "media_id": block[row].media_id,
                "entry_id": entries[stored].entry_id,
                "list_version_id": entries[stored].list_version_id,
                "algorithm": HashAlgorithm.PDQ,
                "distance_bits": distance,
                "variant": DIHEDRAL_VARIANTS[variant],
                "route": block[row].route,
                "pdq_id": block[row].pdq_id,
                "frame_index": block[row].frame_index,
            }
            for (row, stored), (distance, variant) in nearest.items()
        ]


def _without_own(reader: Reader, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out a media's nearness to the entry that was derived from itself."""
    entries = load_entries(reader, {row["entry_id"] for row in rows})
    return [row for row in rows if entries[row["entry_id"]].derived_media_id != row["media_id"]]


def all_variants(codes: Sequence[bytes]) -> NDArray[np.uint64]:
    """Lay out the eight codes of each picture one after another.

    Shapes: n times 256 bytes to (8 n, 4) uint64, big-endian words.
    """
    return pack_codes([item[at : at + 32] for item in codes for at in range(0, 256, 32)])
