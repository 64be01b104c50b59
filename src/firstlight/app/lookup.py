"""Compares a case, files or bare hashes with the lists, without taking anything in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.chunks import worker_settings
from firstlight.app.documents import match_document, path_fields
from firstlight.app.home import Home
from firstlight.app.matching import pdq_hits, update_matches
from firstlight.app.near_copies import update_near_copies
from firstlight.app.wire import report_from_plain
from firstlight.engine.pool import LocalPool
from firstlight.errors import FirstlightError, UnreadableError, UsageError, WorkerLostError
from firstlight.fingerprint.metadata.exiftool import EXIFTOOL_TAG_ARGUMENTS
from firstlight.intake.folder import FoundFile, Skipped, walk
from firstlight.match.hamming import pack_codes
from firstlight.match.scan import ScanIndex
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import HASH_SIZE_BYTES, HashAlgorithm, ListPurpose
from firstlight.model.item import ItemReport
from firstlight.model.media import Locator
from firstlight.model.ports import Finished, Lost, Task
from firstlight.store.database import Reader
from firstlight.store.fingerprint import PdqRow
from firstlight.store.hashlist import (
    entries_by_digest,
    entry_pdq_rows,
    list_summaries,
    load_entries,
)
from firstlight.store.match import matches_of
from firstlight.store.media import media_page

WORK_FUNCTION = "firstlight.app.reading:read_chunk"
HASHES_MAX = 10_000_000


def match_case(home: Home, case_name: str) -> dict[str, Any]:
    """Bring the matches of the store up to date, and give those of one case."""
    case = require_case(home, case_name)
    added = update_matches(home)
    pairs = update_near_copies(home)
    results: list[dict[str, Any]] = []
    with home.store.snapshot() as reader:
        lists = _lists_in_force(reader)
        after = 0
        while page := media_page(reader, case_id=case.case_id, after_seq=after):
            after = page[-1].media_seq
            found = matches_of(reader, [row.media_id for row in page])
            results.extend(
                {
                    "query": media_id,
                    "media_id": media_id,
                    "matches": [match_document(row) for row in rows],
                }
                for media_id, rows in found.items()
                if rows
            )
    return {
        "case": case_name,
        "lists_searched": lists,
        "matches_added": added.matches,
        "near_copy_pairs_added": pairs,
        "results": results,
    }


def match_hashes(home: Home, path: bytes, algorithm: str) -> dict[str, Any]:
    """Compare the hashes of a file, one a line, with the lists; results keep the order.

    A PDQ code from outside is compared as it stands: its mirrored forms are not known.

    Raises:
        UsageError: The file cannot be read or holds nothing.
    """
    kind = HashAlgorithm(algorithm)
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            lines = [line.strip() for line in stream if line.strip()]
    except OSError as error:
        raise UsageError(
            f"the file cannot be read ({error.strerror})", detail=os.fsdecode(path)
        ) from error
    if not lines or len(lines) > HASHES_MAX:
        raise UsageError(f"give 1 to {HASHES_MAX:,} hashes, one a line")
    results: list[dict[str, Any]] = []
    failed = []
    wanted: list[tuple[int, bytes]] = []
    for number, line in enumerate(lines):
        results.append({"query": line, "matches": []})
        value = _hash_bytes(line, kind)
        if value is None:
            size = HASH_SIZE_BYTES[kind] * 2
            results[-1]["matches"] = None
            failed.append(
                {
                    "path": f"line {number + 1}",
                    "code": "list-row",
                    "reason": f"not {size} hexadecimal digits",
                }
            )
        else:
            wanted.append((number, value))
    with home.store.snapshot() as reader:
        lists = _lists_in_force(reader)
        _fill(reader, kind, wanted, results)
    _record(home, "hashes", len(lines), _sha256("\n".join(lines).encode("ascii", "replace")))
    return {"lists_searched": lists, "results": results, "failed": failed}


def match_files(home: Home, paths: Sequence[bytes]) -> dict[str, Any]:
    """Compare files with the lists; they are read by workers and not taken in."""
    found: list[FoundFile] = []
    failed: list[dict[str, Any]] = []

    def skip(entry: Skipped) -> None:
        failed.append(
            {**path_fields(entry.path), "code": entry.failure.code, "reason": entry.failure.reason}
        )

    for path in paths:
        if not os.path.lexists(path):
            error: FirstlightError = UnreadableError("no such file or folder")
            failed.append({**path_fields(path), "code": error.code, "reason": error.message})
            continue
        found.extend(walk(os.path.realpath(path), on_skip=skip))
    reports: list[ItemReport] = []
    engine = LocalPool(
        home.settings.worker_count, home.bounds, require_isolation=home.settings.require_isolation
    )
    try:
        for event in engine.run(
            WORK_FUNCTION,
            _tasks(home, found),
            lambda _: {"decode": True},
            {"exiftool_arguments": list(EXIFTOOL_TAG_ARGUMENTS)},
            sorted({file.path for file in found}),
        ):
            if isinstance(event, Finished):
                try:
                    reports.append(report_from_plain(event.result, event.item_key))
                except WorkerLostError as error:
                    path = event.item_key.rpartition(b"\x00")[0]
                    failed.append(
                        {**path_fields(path), "code": error.code, "reason": error.message}
                    )
            elif isinstance(event, Lost):
                path = event.item_key.rpartition(b"\x00")[0]
                failed.append({**path_fields(path), "code": event.code, "reason": event.reason})
    finally:
        engine.close()
    readings = {
        report.digests.sha256: report.reading
        for report in reports
        if report.digests and report.reading
    }
    # A copy inside the same archive is not decoded a second time.
    reports = [
        replace(report, reading=readings.get(report.digests.sha256)) if report.digests else report
        for report in reports
    ]
    reports.sort(key=lambda report: report.locator.key)
    with home.store.snapshot() as reader:
        lists = _lists_in_force(reader)
        results = [_file_result(reader, report) for report in reports]
    for report in reports:
        for failure in report.failures:
            failed.append(
                {
                    **path_fields(report.locator.full_path),
                    "code": failure.code,
                    "reason": failure.reason,
                }
            )
    digests = b"".join(report.digests.sha256 for report in reports if report.digests)
    _record(home, "files", len(reports), _sha256(digests))
    return {"lists_searched": lists, "results": results, "failed": failed}


def _tasks(home: Home, found: Sequence[FoundFile]) -> Iterable[Task]:
    settings = worker_settings(home)
    for number, file in enumerate(found):
        item = {"path": file.path, "size_bytes": file.facts.size_bytes}
        payload = {"settings": settings, "items": [item]}
        yield Task(number, payload, (Locator(file.path).key,))


def _file_result(reader: Reader, report: ItemReport) -> dict[str, Any]:
    digests, reading = report.digests, report.reading
    matches: list[dict[str, Any]] = []
    if digests is not None:
        for algorithm in (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.SHA256):
            value = getattr(digests, str(algorithm))
            matches.extend(_digest_matches(reader, algorithm, [value]).get(value, []))
    if reading is not None:
        rows = [
            PdqRow(0, "", pdq.frame_index, pdq.codes, pdq.route, pdq.quality, pdq.time_s)
            for pdq in reading.pdq
            if pdq.is_matchable
        ]
        matches.extend(_pdq_matches(reader, rows))
    return {
        "query": path_fields(report.locator.full_path)["path"],
        **path_fields(report.locator.full_path),
        "media_id": digests.media_id if digests else None,
        "matches": matches,
    }


def _fill(
    reader: Reader,
    kind: HashAlgorithm,
    wanted: Sequence[tuple[int, bytes]],
    results: list[dict[str, Any]],
) -> None:
    for start in range(0, len(wanted), 1000):
        block = wanted[start : start + 1000]
        if kind is HashAlgorithm.PDQ:
            rows = [
                PdqRow(number, str(number), 0, value * 8, "as given", 100, None)
                for number, value in block
            ]
            for match in _pdq_matches(reader, rows, by_row=True):
                results[match.pop("row")]["matches"].append(match)
        else:
            found = _digest_matches(reader, kind, [value for _, value in block])
            for number, value in block:
                results[number]["matches"] = list(found.get(value, []))


def _digest_matches(
    reader: Reader, algorithm: HashAlgorithm, values: Sequence[bytes]
) -> dict[bytes, list[dict[str, Any]]]:
    by_algorithm: dict[str, Sequence[bytes]] = {f"{algorithm}s": values}
    hits = entries_by_digest(reader, **by_algorithm)
    entries = load_entries(reader, {hit.entry_id for hit in hits})
    names = {row.list_id: (row.name, row.version_number) for row in list_summaries(reader)}
    found: dict[bytes, list[dict[str, Any]]] = {}
    for hit in hits:
        entry = entries[hit.entry_id]
        found.setdefault(hit.digest, []).append(
            _match(entry, names[hit.list_id], hit.purpose, algorithm, 0, DIHEDRAL_VARIANTS[0])
        )
    return found


def _pdq_matches(
    reader: Reader, rows: Sequence[PdqRow], *, by_row: bool = False
) -> list[dict[str, Any]]:
    stored = list(entry_pdq_rows(reader))
    if not stored or not rows:
        return []
    index = ScanIndex(pack_codes([entry.pdq for entry in stored]))
    radius_bits = max(entry.radius_bits for entry in stored)
    hits = pdq_hits(rows, stored, index, radius_bits)
    entries = load_entries(reader, {hit["entry_id"] for hit in hits})
    summaries = {row.list_id: row for row in list_summaries(reader)}
    matches = []
    for hit in sorted(hits, key=lambda hit: (hit["distance_bits"], hit["entry_id"])):
        entry = entries[hit["entry_id"]]
        summary = summaries[entry.list_id]
        match = _match(
            entry,
            (summary.name, summary.version_number),
            summary.purpose,
            HashAlgorithm.PDQ,
            hit["distance_bits"],
            hit["variant"],
        )
        matches.append({**match, "row": hit["pdq_id"]} if by_row else match)
    return matches


def _match(
    entry: Any,
    version: tuple[str, int],
    purpose: Any,
    algorithm: HashAlgorithm,
    distance_bits: int,
    variant: str,
) -> dict[str, Any]:
    return {
        "list": version[0],
        "list_version": version[1],
        "purpose": str(purpose),
        "entry": entry.entry_key,
        "scheme": entry.scheme,
        "category": entry.category_code,
        "marks": dict(entry.marks),
        "origin": entry.origin,
        "algorithm": str(algorithm),
        "distance_bits": distance_bits,
        "variant": variant,
    }


def _hash_bytes(line: str, kind: HashAlgorithm) -> bytes | None:
    try:
        value = bytes.fromhex(line)
    except ValueError:
        return None
    return value if len(value) == HASH_SIZE_BYTES[kind] else None


def _lists_in_force(reader: Reader) -> list[str]:
    """Name the lists that were searched for known material; none means "not checked"."""
    return [
        row.name
        for row in list_summaries(reader)
        if row.state != "withdrawn" and row.purpose != ListPurpose.KNOWN_GOOD
    ]


def _record(home: Home, what: str, count: int, sha256: str) -> None:
    inputs = {"what": what, "count": count, "sha256": sha256}
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "looked-up", inputs),
    ):
        pass


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
