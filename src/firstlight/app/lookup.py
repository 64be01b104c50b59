"""Compares a case, files or bare hashes with the lists, without taking anything in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from firstlight.app.case import require_case
from firstlight.app.documents import match_document, path_fields
from firstlight.app.home import Home
from firstlight.app.list_search import DigestMatches, ListSearch
from firstlight.app.matching import update_matches
from firstlight.app.near_copies import update_near_copies
from firstlight.app.wire import report_from_plain
from firstlight.app.workers import READ_FUNCTION, READ_SETTINGS, open_pool, reading_settings
from firstlight.errors import (
    FirstlightError,
    ListRowError,
    UnreadableError,
    UsageError,
    WorkerLostError,
)
from firstlight.intake.folder import FoundFile, Skipped, walk
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import HASH_SIZE_BYTES, HashAlgorithm
from firstlight.model.item import ItemReport
from firstlight.model.media import Locator
from firstlight.model.ports import Finished, Lost, Task
from firstlight.store.current import blocks
from firstlight.store.fingerprint import PdqRow
from firstlight.store.match import matches_of
from firstlight.store.media import media_page

HASHES_MAX = 10_000_000
PDQ_BLOCK = 1000
DIGESTS = (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.SHA256)


def match_case(home: Home, case_name: str) -> dict[str, Any]:
    """Bring the matches of the store up to date, and give those of one case."""
    case = require_case(home, case_name)
    added = update_matches(home)
    pairs = update_near_copies(home)
    results: list[dict[str, Any]] = []
    with home.store.snapshot() as reader:
        lists = ListSearch(reader).searched
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
        value = _hash_bytes(line, kind)
        results.append({"query": line, "matches": None if value is None else []})
        if value is None:
            reason = f"not {HASH_SIZE_BYTES[kind] * 2} hexadecimal digits"
            failed.append(
                {"path": f"line {number + 1}", "code": ListRowError.code, "reason": reason}
            )
        else:
            wanted.append((number, value))
    with home.store.snapshot() as reader:
        search = ListSearch(reader)
        _fill(search, kind, wanted, results)
    _record(home, "hashes", len(lines), "\n".join(lines).encode("ascii", "replace"))
    return {"lists_searched": search.searched, "results": results, "failed": failed}


def match_files(home: Home, paths: Sequence[bytes]) -> dict[str, Any]:
    """Compare files with the lists; they are read by workers and not taken in."""
    failed: list[dict[str, Any]] = []
    reports = _read_files(home, _find_files(paths, failed), failed)
    with home.store.snapshot() as reader:
        search = ListSearch(reader)
        known = search.by_digest(**_digests_of(reports))
        results = [_file_result(search, known, report) for report in reports]
    for report in reports:
        for failure in report.failures:
            failed.append(_failed(report.locator.full_path, failure.code, failure.reason))
    digests = b"".join(report.digests.sha256 for report in reports if report.digests)
    _record(home, "files", len(reports), digests)
    return {"lists_searched": search.searched, "results": results, "failed": failed}


def _find_files(paths: Sequence[bytes], failed: list[dict[str, Any]]) -> list[FoundFile]:
    def skip(entry: Skipped) -> None:
        failed.append(_failed(entry.path, entry.failure.code, entry.failure.reason))

    found: list[FoundFile] = []
    for path in paths:
        root = os.path.realpath(path)
        if os.path.lexists(root):
            found.extend(walk(root, on_skip=skip))
        else:
            error: FirstlightError = UnreadableError("no such file or folder")
            failed.append(_failed(path, error.code, error.message))
    return found


def _read_files(
    home: Home, found: Sequence[FoundFile], failed: list[dict[str, Any]]
) -> list[ItemReport]:
    """Have workers read the files; what cannot be read is listed."""
    reports: list[ItemReport] = []
    roots = sorted({file.path for file in found})
    engine = open_pool(home)
    try:
        for event in engine.run(
            READ_FUNCTION, _tasks(home, found), lambda _: {"decode": True}, READ_SETTINGS, roots
        ):
            if isinstance(event, Finished):
                try:
                    reports.append(report_from_plain(event.result, event.item_key))
                except WorkerLostError as error:
                    failed.append(_failed(_path_of(event.item_key), error.code, error.message))
            elif isinstance(event, Lost):
                failed.append(_failed(_path_of(event.item_key), event.code, event.reason))
    finally:
        engine.close()
    # A copy inside the same archive is not decoded a second time.
    readings = {r.digests.sha256: r.reading for r in reports if r.digests and r.reading}
    reports = [
        replace(report, reading=readings.get(report.digests.sha256)) if report.digests else report
        for report in reports
    ]
    return sorted(reports, key=lambda report: report.locator.key)


def _tasks(home: Home, found: Sequence[FoundFile]) -> Iterable[Task]:
    settings = reading_settings(home)
    for number, file in enumerate(found):
        item = {"path": file.path, "size_bytes": file.facts.size_bytes}
        payload = {"settings": settings, "items": [item]}
        yield Task(number, payload, (Locator(file.path).key,))


def _digests_of(reports: Sequence[ItemReport]) -> dict[str, list[bytes]]:
    return {
        f"{name}s": [getattr(report.digests, name) for report in reports if report.digests]
        for name in DIGESTS
    }


def _file_result(search: ListSearch, known: DigestMatches, report: ItemReport) -> dict[str, Any]:
    digests, reading = report.digests, report.reading
    matches: list[dict[str, Any]] = []
    if digests is not None:
        for name in DIGESTS:
            matches.extend(known.get((name, getattr(digests, name)), ()))
    if reading is not None:
        rows = [
            PdqRow(0, "", pdq.frame_index, pdq.codes, pdq.route, pdq.quality, pdq.time_s)
            for pdq in reading.pdq
            if pdq.is_matchable
        ]
        matches.extend(match for _, match in search.by_pdq(rows))
    place = path_fields(report.locator.full_path)
    return {
        "query": place["path"],
        **place,
        "media_id": digests.media_id if digests else None,
        "matches": matches,
    }


def _fill(
    search: ListSearch,
    kind: HashAlgorithm,
    wanted: Sequence[tuple[int, bytes]],
    results: list[dict[str, Any]],
) -> None:
    if kind is HashAlgorithm.PDQ:
        for block in blocks(wanted, PDQ_BLOCK):
            rows = [
                PdqRow(
                    number, str(number), 0, value * len(DIHEDRAL_VARIANTS), "as given", 100, None
                )
                for number, value in block
            ]
            for number, match in search.by_pdq(rows):
                results[number]["matches"].append(match)
        return
    found = search.by_digest(**{f"{kind}s": [value for _, value in wanted]})
    for number, value in wanted:
        results[number]["matches"] = found.get((kind, value), [])


def _failed(path: bytes, code: str, reason: str) -> dict[str, Any]:
    return {**path_fields(path), "code": code, "reason": reason}


def _path_of(item_key: bytes) -> bytes:
    return item_key.rpartition(b"\x00")[0]


def _hash_bytes(line: str, kind: HashAlgorithm) -> bytes | None:
    try:
        value = bytes.fromhex(line)
    except ValueError:
        return None
    return value if len(value) == HASH_SIZE_BYTES[kind] else None


def _record(home: Home, what: str, count: int, content: bytes) -> None:
    # One hash alone could be guessed from its digest: it is keyed.
    asked = home.sealer.mac(None, "looked-up", content).hex()
    inputs = {"what": what, "count": count, "asked": asked}
    with (
        home.store.transaction() as transaction,
        transaction.event(home.actor, "looked-up", inputs),
    ):
        pass
