"""Hash lists as they are stored: summaries, and the entries in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from firstlight.guard.custody import read_time
from firstlight.model.hashlist import HASH_SIZE_BYTES, BadRow, HashAlgorithm, ListPurpose
from firstlight.store.current import SEARCHING, blocks, is_current_entry, lists_in_force
from firstlight.store.database import Reader
from firstlight.store.entry_count import count_entries
from firstlight.store.item import read_pairs
from firstlight.store.judgement import is_trusted
from firstlight.store.schema import bad_row, entry, event, hash_list, list_tally, list_version

KNOWN_GOOD_ALGORITHMS = (HashAlgorithm.SHA1, HashAlgorithm.SHA256)
"""A list of harmless content works by these alone: MD5 is easily made to collide."""


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list as it stands: its newest version, and counts over its current entries.

    Args:
        entries, entries_with_pdq, entries_with_photodna: Of the partner and of our own.
        entries_derived: Those of our own among them.
        entries_withdrawn: The partner's that a newer version no longer has.
        bad_rows: Rows of the newest version's file that could not be used.
        is_trusted: A person declared it so, and nobody took that back.
    """

    list_id: int
    name: str
    list_version_id: int
    version_number: int
    purpose: ListPurpose
    radius_bits: int
    state: str
    scheme: str | None
    is_partial: bool
    file_sha256: bytes | None
    format: str | None
    format_version: str | None
    counts: dict[str, Any]
    entries: int
    entries_with_pdq: int
    entries_with_photodna: int
    entries_derived: int
    entries_withdrawn: int
    bad_rows: int
    is_trusted: bool
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class ListInForce:
    """A list that is not withdrawn, by its newest version.

    Args:
        event_seq: The event that brought this version in.
    """

    list_id: int
    name: str
    purpose: ListPurpose
    version_number: int
    event_seq: int


@dataclass(frozen=True, slots=True)
class DigestHit:
    """An entry in force that has one of the digests asked for."""

    digest: bytes
    algorithm: HashAlgorithm
    entry_id: int
    list_id: int
    list_version_id: int
    purpose: ListPurpose
    radius_bits: int
    has_pdq: bool
    entry_key: str


@dataclass(frozen=True, slots=True)
class EntryPdq:
    """An entry in force that can match near-copies."""

    entry_id: int
    list_id: int
    list_version_id: int
    radius_bits: int
    pdq: bytes


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry, current or not."""

    entry_id: int
    list_id: int
    list_version_id: int
    entry_key: str
    hashes: tuple[tuple[HashAlgorithm, bytes], ...]
    scheme: str | None
    category_code: str | None
    marks: tuple[tuple[str, str], ...]
    record: str
    origin: str
    derived_media_id: str | None
    derived_from: str | None
    is_withdrawn: bool


def find_list(reader: Reader, name: str) -> ListSummary | None:
    """Find a list by its name, withdrawn or not."""
    found = _summaries(reader, name)
    return found[0] if found else None


def list_summaries(reader: Reader) -> list[ListSummary]:
    """List all lists by name, withdrawn ones included.

    Cost: about 0.1 us an entry, 2 us a replaced or withdrawn one.
    """
    return _summaries(reader, None)


def _summaries(reader: Reader, name: str | None) -> list[ListSummary]:
    newest = select(func.max(list_version.c.list_version_id)).group_by(list_version.c.list_id)
    statement = (
        select(list_version, hash_list.c.name, event.c.at)
        .join(hash_list, hash_list.c.list_id == list_version.c.list_id)
        .join(event, event.c.event_seq == list_version.c.event_seq)
        .where(list_version.c.list_version_id.in_(newest))
        .order_by(hash_list.c.name)
    )
    if name is not None:
        statement = statement.where(hash_list.c.name == name)
    return [_summary(reader, row) for row in reader.fetch(statement)]


def _summary(reader: Reader, row: Any) -> ListSummary:
    entries = count_entries(reader, row.list_id)
    return ListSummary(
        list_id=row.list_id,
        name=row.name,
        list_version_id=row.list_version_id,
        version_number=row.version_number,
        purpose=ListPurpose(row.purpose),
        radius_bits=row.radius_bits,
        state=row.state,
        scheme=row.scheme,
        is_partial=bool(row.is_partial),
        file_sha256=row.file_sha256,
        format=row.format,
        format_version=row.format_version,
        counts=_counts(reader, row.list_version_id),
        **entries,
        bad_rows=_count_bad_rows(reader, row.list_version_id),
        is_trusted=is_trusted(reader, row.name, row.event_seq),
        imported_at=read_time(row.at),
    )


def _counts(reader: Reader, list_version_id: int) -> dict[str, Any]:
    found = reader.fetch(
        select(list_tally.c.counts)
        .where(list_tally.c.list_version_id == list_version_id)
        .order_by(list_tally.c.list_tally_id.desc())
        .limit(1)
    )
    return dict(json.loads(found[0].counts)) if found else {}


def _count_bad_rows(reader: Reader, list_version_id: int) -> int:
    statement = select(func.count()).where(bad_row.c.list_version_id == list_version_id)
    return int(reader.fetch(statement)[0][0])


def has_list_in_force(reader: Reader, purposes: Sequence[str] = SEARCHING) -> bool:
    """Whether any list of these purposes is in force; without one nothing is "not known"."""
    return bool(reader.fetch(select(lists_in_force(purposes).c.list_id).limit(1)))


def named_lists(reader: Reader, purposes: Sequence[str] | None = None) -> list[ListInForce]:
    """Name the lists in force, by name; nothing is counted, so it costs nothing.

    Args:
        purposes: None for all.
    """
    row = lists_in_force(purposes).c
    columns = (row.list_id, row.name, row.purpose, row.version_number, row.event_seq)
    return [
        ListInForce(found.list_id, found.name, ListPurpose(found.purpose), found.version_number,
                    found.event_seq)
        for found in reader.fetch(select(*columns).order_by(row.name))
    ]  # fmt: skip


def trusted_lists(reader: Reader) -> frozenset[str]:
    """Name the known-good lists which a person has declared trusted as they stand."""
    return frozenset(
        row.name
        for row in named_lists(reader, (ListPurpose.KNOWN_GOOD,))
        if is_trusted(reader, row.name, row.event_seq)
    )


def entries_by_digest(
    reader: Reader,
    md5s: Iterable[bytes] = (),
    sha1s: Iterable[bytes] = (),
    sha256s: Iterable[bytes] = (),
) -> list[DigestHit]:
    """Find the entries in force that have one of these digests, by entry.

    Known-good lists are asked by SHA-1 and SHA-256 only. Entries of our own are never found so.
    Cost: about 5 us a digest.
    """
    asked = (
        (HashAlgorithm.MD5, md5s),
        (HashAlgorithm.SHA1, sha1s),
        (HashAlgorithm.SHA256, sha256s),
    )
    hits: list[DigestHit] = []
    for algorithm, digests in asked:
        statement = _digest_statement(algorithm)
        for block in blocks(dict.fromkeys(digests)):
            for digest, number, list_id, version, purpose, radius, has_pdq, key in reader.fetch(
                statement, {"digests": block}
            ):
                hits.append(
                    DigestHit(
                        digest,
                        algorithm,
                        number,
                        list_id,
                        version,
                        ListPurpose(purpose),
                        radius,
                        bool(has_pdq),
                        key,
                    )
                )
    return sorted(hits, key=lambda hit: (hit.entry_id, hit.algorithm))


@cache
def _digest_statement(algorithm: HashAlgorithm) -> Select[Any]:
    """Build the query once: building it costs many times what answering it does."""
    column = entry.c[algorithm.value]
    in_force = lists_in_force(None if algorithm in KNOWN_GOOD_ALGORITHMS else SEARCHING)
    return (
        select(
            column,
            entry.c.entry_id,
            entry.c.list_id,
            in_force.c.list_version_id,
            in_force.c.purpose,
            in_force.c.radius_bits,
            entry.c.pdq.is_not(None),
            entry.c.entry_key,
        )
        .join(in_force, in_force.c.list_id == entry.c.list_id)
        .where(column.in_(bindparam("digests", expanding=True)), is_current_entry())
    )


def entry_pdq_rows(reader: Reader, after_entry_id: int = 0) -> Iterator[EntryPdq]:
    """Give the entries in force that have a PDQ hash, by number; never known-good ones.

    Cost: streams; nothing for entries without one.
    """
    in_force = lists_in_force(SEARCHING)
    statement = (
        select(
            entry.c.entry_id,
            entry.c.list_id,
            in_force.c.list_version_id,
            in_force.c.radius_bits,
            entry.c.pdq,
        )
        .join(in_force, in_force.c.list_id == entry.c.list_id)
        .where(entry.c.pdq.is_not(None), entry.c.entry_id > after_entry_id, is_current_entry())
        .order_by(entry.c.entry_id)
    )
    for row in reader.stream(statement):
        yield EntryPdq(*row)


def last_entry_id(reader: Reader) -> int:
    """Give the number of the newest entry, 0 where there is none."""
    return int(reader.fetch(select(func.coalesce(func.max(entry.c.entry_id), 0)))[0][0])


def load_entries(reader: Reader, entry_ids: Iterable[int]) -> dict[int, EntryRow]:
    """Read entries by number, current or not."""
    found: dict[int, EntryRow] = {}
    for block in blocks(dict.fromkeys(entry_ids)):
        for row in reader.fetch(select(entry).where(entry.c.entry_id.in_(block))):
            found[row.entry_id] = entry_row(row)
    return found


def entry_row(row: Any) -> EntryRow:
    """Read an entry from a row of its table."""
    hashes = tuple(
        (algorithm, value)
        for algorithm in HASH_SIZE_BYTES
        if (value := getattr(row, algorithm.value)) is not None
    )
    return EntryRow(
        entry_id=row.entry_id,
        list_id=row.list_id,
        list_version_id=row.list_version_id,
        entry_key=row.entry_key,
        hashes=hashes,
        scheme=row.scheme,
        category_code=row.category_code,
        marks=read_pairs(row.marks),
        record=row.record,
        origin=row.origin,
        derived_media_id=row.derived_media_id,
        derived_from=row.derived_from,
        is_withdrawn=bool(row.is_withdrawn),
    )


def bad_rows(reader: Reader, list_version_id: int, limit: int = 1000) -> list[BadRow]:
    """List the rows of an import that could not be used."""
    statement = (
        select(bad_row.c.row_number, bad_row.c.code, bad_row.c.reason)
        .where(bad_row.c.list_version_id == list_version_id)
        .order_by(bad_row.c.bad_row_id)
        .limit(limit)
    )
    return [BadRow(*row) for row in reader.fetch(statement)]
