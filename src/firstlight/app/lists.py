"""Hash lists: imported, withdrawn, trusted; matches follow each change."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import ValidationError

from firstlight.app.case import check_name
from firstlight.app.documents import time_text
from firstlight.app.home import Home
from firstlight.app.judgement import record_judgements
from firstlight.app.list_reading import HEADER, ROWS
from firstlight.app.matching import update_matches
from firstlight.app.workers import open_pool
from firstlight.engine.pool import LocalPool
from firstlight.errors import ListDuplicateError, ListFormatError, UnknownNameError, UsageError
from firstlight.model.hashlist import BadRow, HashAlgorithm, ListEntry, ListHeader, ListPurpose
from firstlight.model.ports import Finished, Lost, Task
from firstlight.store.hashlist import ListSummary, bad_rows, find_list, list_summaries
from firstlight.store.list_import import EntryImport
from firstlight.store.match import Progress

WORK_FUNCTION = "firstlight.app.list_reading:read_list"
VERSION_COLUMNS = (
    "list_id", "purpose", "radius_bits", "file_sha256", "format", "format_version", "scheme",
    "is_partial",
)  # fmt: skip
"""What a withdrawal repeats of the version that it ends."""

BAD_ROWS_KEPT = 10_000
BAD_ROWS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What to import.

    Args:
        radius_bits: Inclusive PDQ radius of this list.
        algorithm: Of a file with one hash a line.
        columns: Column name in the file, by our name, for CSV.
        is_partial: The file adds and updates; what it lacks stays.
    """

    path: bytes
    name: str
    purpose: ListPurpose
    radius_bits: int
    algorithm: HashAlgorithm | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    is_partial: bool = False


@dataclass(slots=True)
class _BadRows:
    kept: list[BadRow] = field(default_factory=list)
    count: int = 0
    repeated: int = 0

    def add(self, row: BadRow) -> None:
        if row.code == ListDuplicateError.code:
            self.repeated += 1
            return
        self.count += 1
        if len(self.kept) < BAD_ROWS_KEPT:
            self.kept.append(row)


def import_list(
    home: Home, request: ListRequest, on_rows: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Import a list, or a newer version of it, and bring matches up to date.

    A bad row is listed and skipped. The import is one transaction: a list is in force wholly or
    not at all.

    Raises:
        UsageError: The file cannot be read, or the radius is out of range.
        ListFormatError: The file is of no known form.
    """
    if not 0 <= request.radius_bits <= 256:
        raise UsageError("--radius-bits is 0 to 256")
    check_name("list", request.name)
    path = os.path.realpath(request.path)
    file_sha256 = _file_sha256(path)
    earlier = find_list(home.store, request.name)
    if earlier is not None and _is_same(earlier, request, file_sha256):
        added = update_matches(home)
        return {
            **list_document(earlier),
            "is_in_force_already": True,
            "matches_added": added.matches,
            "bad_rows": [],
        }
    if earlier is not None and earlier.purpose != request.purpose:
        raise UsageError(
            f"a list of this name is there for {earlier.purpose}: its purpose does not change; "
            "import under another name, and withdraw this one if it is to go"
        )
    if request.is_partial and earlier is not None and earlier.state == "withdrawn":
        raise UsageError("the list is withdrawn: import it whole to bring it back into force")
    bad = _BadRows()
    engine = open_pool(home, workers=1)
    try:
        counts = _write(home, request, path, file_sha256, earlier, engine, bad, on_rows)
    finally:
        engine.close()
    added = update_matches(home)
    summary = _require(home, request.name)
    return {
        **list_document(summary),
        "is_in_force_already": False,
        **counts,
        "bad_row_count": bad.count,
        "bad_rows": [_bad_document(row) for row in bad.kept[:BAD_ROWS_SHOWN]],
        "matches_added": added.matches,
    }


def _write(
    home: Home,
    request: ListRequest,
    path: bytes,
    file_sha256: bytes,
    earlier: ListSummary | None,
    engine: LocalPool,
    bad: _BadRows,
    on_rows: Callable[[int], None],
) -> dict[str, int]:
    rows = _rows(engine, path, request, on_rows)
    header = next(rows)
    assert isinstance(header, ListHeader)  # noqa: S101 - the worker's first word, checked there
    inputs = {"file_sha256": file_sha256.hex(), "purpose": str(request.purpose)}
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "imported-list", inputs) as event,
    ):
        list_id = earlier.list_id if earlier else event.add("hash_list", {"name": request.name})
        version = earlier.version_number + 1 if earlier else 1
        values = _version_values(request, header, file_sha256)
        version_id = event.add(
            "list_version", {**values, "list_id": list_id, "version_number": version}
        )
        entries = EntryImport(transaction, event, list_id, version_id)
        entries.add(_entries(rows, bad))
        counts = entries.counts
        if not (counts.new or counts.changed or counts.unchanged):
            raise ListFormatError(
                f"no row of the file can be used ({bad.count} bad rows)",
                detail="; ".join(f"row {row.row_number}: {row.reason}" for row in bad.kept[:5]),
            )
        if not request.is_partial:
            entries.withdraw_missing()
        numbers = {
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "withdrawn": counts.withdrawn,
            "repeated": counts.repeated + bad.repeated,
        }
        tally = {**numbers, "bad_rows": bad.count, "read_as": _read_as(request)}
        event.add("list_tally", {"list_version_id": version_id, "counts": tally})
        if earlier is not None and _reaches_further(earlier, request):
            # Unchanged entries add no row, so what was compared without them is compared anew.
            event.add("match_progress", asdict(Progress()))
        event.add_many("bad_row", (_bad_values(version_id, row) for row in bad.kept))
    return numbers


def _version_values(request: ListRequest, header: ListHeader, file_sha256: bytes) -> dict[str, Any]:
    return {
        "purpose": request.purpose,
        "radius_bits": request.radius_bits,
        "file_sha256": file_sha256,
        "format": header.format_name,
        "format_version": header.format_version,
        "scheme": header.scheme,
        "is_partial": request.is_partial,
        "state": "imported",
    }


def _bad_values(version_id: int, row: BadRow) -> dict[str, Any]:
    return {
        "list_version_id": version_id,
        "row_number": row.row_number,
        "code": row.code,
        "reason": row.reason,
    }


def _entries(rows: Iterator[Any], bad: _BadRows) -> Iterator[ListEntry]:
    for row in rows:
        if isinstance(row, ListEntry):
            yield row
        else:
            bad.add(row)


def _rows(
    engine: LocalPool, path: bytes, request: ListRequest, on_rows: Callable[[int], None]
) -> Iterator[ListHeader | ListEntry | BadRow]:
    payload = {
        "path": path,
        "algorithm": None if request.algorithm is None else str(request.algorithm),
        "columns": dict(request.columns),
    }
    task = Task(0, payload, (b"header",))
    count = 0
    for event in engine.run(WORK_FUNCTION, [task], lambda _: None, {}, [path]):
        if isinstance(event, Lost):
            raise ListFormatError(f"the worker was lost on the list: {event.reason}")
        if not isinstance(event, Finished):
            continue
        result = event.result
        if "error" in result:
            raise ListFormatError(str(result["error"][1]))
        try:
            if "header" in result:
                yield HEADER.validate_python(result["header"])
                continue
            block = ROWS.validate_python(result["rows"])
        except (ValidationError, KeyError) as error:
            raise ListFormatError("the worker's account of the list is malformed") from error
        yield from block
        count += len(block)
        on_rows(count)


def withdraw_list(home: Home, name: str) -> dict[str, Any]:
    """Withdraw a list: its matches are in force no longer, its history stays."""
    summary = _require(home, name)
    if summary.state != "withdrawn":
        with (
            home.store.transaction() as transaction,
            transaction.event(home.actor, "withdrew-list", {}) as event,
        ):
            values = {name: getattr(summary, name) for name in VERSION_COLUMNS}
            version = summary.version_number + 1
            event.add("list_version", {**values, "version_number": version, "state": "withdrawn"})
        update_matches(home)
    return list_document(_require(home, name))


def trust_list(home: Home, name: str, *, is_trusted: bool, note: str | None) -> dict[str, Any]:
    """Record a person's judgement that a known-good list is to be trusted, or no longer.

    Raises:
        UsageError: The list is of another purpose.
    """
    summary = _require(home, name)
    if summary.purpose != ListPurpose.KNOWN_GOOD:
        raise UsageError("only a known-good list can be declared trusted")
    decision = "trusted" if is_trusted else "not-trusted"
    record_judgements(home, "list", [name], decision, note)
    return list_document(_require(home, name))


def list_documents(home: Home) -> dict[str, Any]:
    """Give the document of ``lists --json``."""
    return {"lists": [list_document(row) for row in list_summaries(home.store)]}


def show_list(home: Home, name: str) -> dict[str, Any]:
    """Give one list with its bad rows."""
    summary = _require(home, name)
    rows = bad_rows(home.store, summary.list_version_id)
    return {**list_document(summary), "bad_row_list": [_bad_document(row) for row in rows]}


def list_document(row: ListSummary) -> dict[str, Any]:
    """Give one list; ``near_copies`` says how much of it can match near-copies at all.

    Entries derived by us are counted apart: the list itself does not know their PDQ.
    """
    entries = row.entries - row.entries_derived
    with_pdq = row.entries_with_pdq - row.entries_derived
    return {
        "list": row.name,
        "version": row.version_number,
        "purpose": str(row.purpose),
        "radius_bits": row.radius_bits,
        "state": row.state,
        "format": row.format,
        "format_version": row.format_version,
        "scheme": row.scheme,
        "file_sha256": row.file_sha256.hex() if row.file_sha256 else None,
        "entries": entries,
        "entries_with_pdq": with_pdq,
        "entries_with_photodna": row.entries_with_photodna,
        "entries_derived": row.entries_derived,
        "entries_withdrawn": row.entries_withdrawn,
        "near_copies": f"{with_pdq:,} of {entries:,}",
        "bad_row_count": row.bad_rows,
        "is_trusted": row.is_trusted,
        "imported_at": time_text(row.imported_at),
    }


def _require(home: Home, name: str) -> ListSummary:
    summary = find_list(home.store, name)
    if summary is None:
        raise UnknownNameError("no such list; `firstlight lists` shows them", detail=name)
    return summary


def _is_same(earlier: ListSummary, request: ListRequest, file_sha256: bytes) -> bool:
    return (
        earlier.state != "withdrawn"
        and earlier.file_sha256 == file_sha256
        and earlier.purpose == request.purpose
        and earlier.radius_bits == request.radius_bits
        and earlier.is_partial == request.is_partial
        and earlier.counts.get("read_as") == _read_as(request)
    )


def _read_as(request: ListRequest) -> dict[str, Any]:
    """Say how a file is read: the same bytes read otherwise are another list."""
    algorithm = None if request.algorithm is None else str(request.algorithm)
    return {"algorithm": algorithm, "columns": dict(request.columns)}


def _reaches_further(earlier: ListSummary, request: ListRequest) -> bool:
    return earlier.state == "withdrawn" or request.radius_bits > earlier.radius_bits


def _bad_document(row: BadRow) -> dict[str, Any]:
    return {"row": row.row_number, "code": row.code, "reason": row.reason}


def _file_sha256(path: bytes) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UsageError("the list is not a regular file", detail=os.fsdecode(path))
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise UsageError(
            f"the list file cannot be read ({error.strerror})", detail=os.fsdecode(path)
        ) from error
