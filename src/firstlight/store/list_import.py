"""Importing a version of a list: new, changed, unchanged and withdrawn entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, and_, insert, select

from firstlight.model.hashlist import ListEntry
from firstlight.store.current import blocks
from firstlight.store.item import read_pairs
from firstlight.store.rowform import row_form
from firstlight.store.schema import entry
from firstlight.store.writer import EventWriter, Transaction

IMPORT_BLOCK = 10_000
"""Entries in memory at a time: sorted, they cost the indexes half of what they do unsorted."""

_CONTENT = (
    "md5",
    "sha1",
    "sha256",
    "pdq",
    "photodna",
    "scheme",
    "category_code",
    "marks",
    "record",
    "is_withdrawn",
)
_CONTENT_PLACES = tuple(row_form("entry").names.index(name) for name in _CONTENT)
_seen_key = Table(
    "seen_key", MetaData(), Column("entry_key", Text(), primary_key=True), prefixes=["TEMPORARY"]
)


@dataclass(slots=True)
class ImportCounts:
    """What an import did.

    Args:
        with_digest, with_pdq, with_photodna: Entries of the file that have such a hash.
        repeated: Rows whose key an earlier row of the same file had, saying the same.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    repeated: int = 0
    with_digest: int = 0
    with_pdq: int = 0
    with_photodna: int = 0

    def plain(self) -> dict[str, int]:
        """The counts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class DerivedEntry:
    """A PDQ hash of our own for an entry that a media matched by digest."""

    entry_id: int
    media_id: str
    pdq: bytes
    frame_index: int = 0


class EntryImport:
    """One import into one version of a list.

    Args:
        tx: The open transaction.
        ev: The import's event.
    """

    def __init__(
        self, tx: Transaction, ev: EventWriter, list_id: int, list_version_id: int
    ) -> None:
        self._tx = tx
        self._ev = ev
        self._list_id = list_id
        self._list_version_id = list_version_id
        self.counts = ImportCounts()
        earlier = select(entry.c.entry_id).where(entry.c.list_id == list_id).limit(1)
        self._is_first = not tx.fetch(earlier)
        self._first_entry_id = tx.peek_number("entry")
        if not self._is_first:
            tx.make_temporary(_seen_key)

    def add(self, entries: Iterable[ListEntry]) -> None:
        """Take in entries as they come from the file.

        An unchanged entry adds nothing; a changed one takes the place of its earlier row.
        Cost: streams; about 20 us an entry, memory of one block.
        """
        self._tx.expect_many_rows(many=True)
        try:
            for block in blocks(entries, IMPORT_BLOCK):
                self._add_block(block)
        finally:
            self._tx.expect_many_rows(many=False)

    def _add_block(self, block: list[ListEntry]) -> None:
        keys = list(dict.fromkeys(item.entry_key for item in block))
        if len(keys) == len(block):
            # Where a key repeats, the order of the file says which row is the newer one.
            block.sort(key=_first_hash)
        current = self._current(sorted(keys))
        if not self._is_first:
            self._note_keys(current, block)
        replaced: list[str] = []
        counts = self.counts
        for item in block:
            row = self._row(item)
            self._count_hashes(row)
            before = current.get(item.entry_key)
            if before is None:
                counts.new += 1
            elif _content(before[1]) == _content(row):
                if before[0] >= self._first_entry_id:
                    counts.repeated += 1
                else:
                    counts.unchanged += 1
                continue
            else:
                counts.changed += 1
                replaced.append(item.entry_key)
                row["supersedes"] = before[0]
            current[item.entry_key] = (self._ev.add("entry", row), row)
        self._withdraw_derived(replaced)

    def withdraw_missing(self) -> None:
        """Withdraw the partner's entries that a complete file no longer has.

        Call it after the last ``add``, and never for a partial file.
        """
        if self._is_first:
            return
        missing = (
            select(entry)
            .where(entry.c.list_id == self._list_id, entry.c.origin == "partner")
            .where(entry.c.is_withdrawn.is_(False), ~_is_replaced())
            .where(entry.c.entry_id < self._first_entry_id)
            .where(entry.c.entry_key.not_in(select(_seen_key.c.entry_key)))
            .order_by(entry.c.entry_id)
        )
        after = 0
        while rows := self._tx.fetch(missing.where(entry.c.entry_id > after).limit(IMPORT_BLOCK)):
            after = rows[-1].entry_id
            for row in rows:
                self._ev.add("entry", self._tombstone(row))
            self.counts.withdrawn += len(rows)
            self._withdraw_derived([row.entry_key for row in rows])

    def _current(self, keys: Sequence[str]) -> dict[str, tuple[int, Any]]:
        columns = entry.c.entry_id, entry.c.entry_key, *(entry.c[name] for name in _CONTENT)
        statement = (
            select(*columns).where(entry.c.list_id == self._list_id).order_by(entry.c.entry_id)
        )
        found: dict[str, tuple[int, Any]] = {}
        for some in blocks(keys):
            for row in self._tx.fetch(statement.where(entry.c.entry_key.in_(some))):
                found[row[1]] = (row[0], tuple(row)[2:])
        return found

    def _note_keys(self, current: Iterable[str], block: Sequence[ListEntry]) -> None:
        known = frozenset(current)
        keys = dict.fromkeys(item.entry_key for item in block if item.entry_key in known)
        if keys:
            statement = insert(_seen_key).prefix_with("OR IGNORE")
            self._tx.write_temporary(statement, [{"entry_key": key} for key in keys])

    def _row(self, item: ListEntry) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for algorithm, value in item.hashes:
            row.setdefault(algorithm.value, value)
        row.update(
            list_id=self._list_id,
            list_version_id=self._list_version_id,
            entry_key=item.entry_key,
            scheme=item.scheme,
            category_code=item.category_code,
            marks=item.marks or None,
            record=item.record,
            origin="partner",
            is_withdrawn=False,
        )
        return row

    def _count_hashes(self, row: dict[str, Any]) -> None:
        counts = self.counts
        counts.with_pdq += "pdq" in row
        counts.with_photodna += "photodna" in row
        counts.with_digest += "md5" in row or "sha1" in row or "sha256" in row

    def _tombstone(self, row: Any) -> dict[str, Any]:
        kept = {
            name: getattr(row, name)
            for name in ("list_id", "entry_key", "scheme", "origin", "derived_from")
        }
        return {
            **kept,
            "derived_media_id": row.derived_media_id,
            "list_version_id": self._list_version_id,
            "record": "",
            "is_withdrawn": True,
            "supersedes": row.entry_id,
        }

    def _withdraw_derived(self, parent_keys: Sequence[str]) -> None:
        for keys in blocks(parent_keys):
            derived = (
                select(entry)
                .where(entry.c.list_id == self._list_id, entry.c.derived_from.in_(keys))
                .where(entry.c.is_withdrawn.is_(False), ~_is_replaced())
                .order_by(entry.c.entry_id)
            )
            for row in self._tx.fetch(derived):
                self._ev.add("entry", self._tombstone(row))


def _first_hash(item: ListEntry) -> bytes:
    return item.hashes[0][1] if item.hashes else b""


def _is_replaced() -> Any:
    later = entry.alias("replacing_entry")
    return select(later.c.entry_id).where(later.c.supersedes == entry.c.entry_id).exists()


def _content(row: dict[str, Any] | tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the columns by which an entry counts as changed, as the database holds them."""
    if isinstance(row, tuple):
        return row
    stored = row_form("entry").shape(row)
    return tuple(stored[place] for place in _CONTENT_PLACES)


def add_derived_entries(tx: Transaction, ev: EventWriter, derived: Iterable[DerivedEntry]) -> int:
    """Add PDQ entries of our own for media that entries know by digest; returns how many.

    One for each entry, media and frame; what is there already adds nothing.
    """
    added = 0
    for block in blocks(derived):
        parents = {
            row.entry_id: row
            for row in tx.fetch(
                select(entry).where(entry.c.entry_id.in_({d.entry_id for d in block}))
            )
        }
        wanted = {_derived_key(parents[d.entry_id], d): d for d in block}
        current = {
            (row.list_id, row.entry_key): row
            for list_id in {key[0] for key in wanted}
            for row in tx.fetch(_with_keys(list_id, [k for at, k in wanted if at == list_id]))
        }
        for key, one in wanted.items():
            before = current.get(key)
            if before is not None and not before.is_withdrawn and before.pdq == one.pdq:
                continue
            row = _derived_row(parents[one.entry_id], key[1], one)
            row["supersedes"] = None if before is None else before.entry_id
            ev.add("entry", row)
            added += 1
    return added


def _with_keys(list_id: int, keys: Sequence[str]) -> Any:
    return (
        select(entry)
        .where(and_(entry.c.list_id == list_id, entry.c.entry_key.in_(keys)))
        .order_by(entry.c.entry_id)
    )


def _derived_key(parent: Any, one: DerivedEntry) -> tuple[int, str]:
    return parent.list_id, f"derived:{parent.entry_key}:{one.media_id}:{one.frame_index}"


def _derived_row(parent: Any, key: str, one: DerivedEntry) -> dict[str, Any]:
    return {
        "list_id": parent.list_id,
        "list_version_id": parent.list_version_id,
        "entry_key": key,
        "pdq": one.pdq,
        "scheme": parent.scheme,
        "category_code": parent.category_code,
        "marks": read_pairs(parent.marks) or None,
        "record": "",
        "origin": "derived",
        "derived_from": parent.entry_key,
        "derived_media_id": one.media_id,
        "is_withdrawn": False,
    }
