"""The lists in force, made ready once and asked many times in one command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from firstlight.app.matching import EntryIndex
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.store.database import Reader
from firstlight.store.fingerprint import PdqRow
from firstlight.store.hashlist import (
    EntryRow,
    entries_by_digest,
    entry_pdq_rows,
    load_entries,
    named_lists,
)

DigestMatches = dict[tuple[HashAlgorithm, bytes], list[dict[str, Any]]]


class ListSearch:
    """Searches every list in force for digests and PDQ codes that are not taken in.

    Args:
        reader: A consistent view of the store.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lists = {row.list_id: row for row in named_lists(reader)}

    @property
    def searched(self) -> list[str]:
        """Name the lists that were searched for known material; none means "not checked"."""
        return [row.name for row in self._lists.values() if row.purpose != ListPurpose.KNOWN_GOOD]

    def by_digest(
        self,
        *,
        md5s: Sequence[bytes] = (),
        sha1s: Sequence[bytes] = (),
        sha256s: Sequence[bytes] = (),
    ) -> DigestMatches:
        """Give the matches of digests, by algorithm and digest."""
        hits = entries_by_digest(self._reader, md5s=md5s, sha1s=sha1s, sha256s=sha256s)
        entries = load_entries(self._reader, {hit.entry_id for hit in hits})
        found: DigestMatches = {}
        for hit in hits:
            match = self._match(entries[hit.entry_id], hit.algorithm, 0, DIHEDRAL_VARIANTS[0])
            found.setdefault((hit.algorithm, hit.digest), []).append(match)
        return found

    def by_pdq(self, rows: Sequence[PdqRow]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give the matches of pictures or frames, the nearest first, each with its ``pdq_id``."""
        if not rows or not len(self._index):
            return
        hits = self._index.hits(rows)
        entries = load_entries(self._reader, {hit["entry_id"] for hit in hits})
        for hit in sorted(hits, key=lambda hit: (hit["distance_bits"], hit["entry_id"])):
            match = self._match(
                entries[hit["entry_id"]], HashAlgorithm.PDQ, hit["distance_bits"], hit["variant"]
            )
            yield hit["pdq_id"], match

    @cached_property
    def _index(self) -> EntryIndex:
        return EntryIndex(entry_pdq_rows(self._reader))

    def _match(
        self, entry: EntryRow, algorithm: HashAlgorithm, distance_bits: int, variant: str
    ) -> dict[str, Any]:
        row = self._lists[entry.list_id]
        return {
            "list": row.name,
            "list_version": row.version_number,
            "purpose": str(row.purpose),
            "entry": entry.entry_key,
            "scheme": entry.scheme,
            "category": entry.category_code,
            "marks": dict(entry.marks),
            "origin": entry.origin,
            "algorithm": str(algorithm),
            "distance_bits": distance_bits,
            "variant": variant,
        }
