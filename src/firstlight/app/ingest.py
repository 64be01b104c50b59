"""Takes in material: walks sources, has workers read them, records, matches, stacks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from firstlight import __version__
from firstlight.app.case import open_case
from firstlight.app.chunks import SourceWalk
from firstlight.app.home import Home
from firstlight.app.ingest_result import ingest_document
from firstlight.app.interrupt import Interruptible
from firstlight.app.keeping import Keeping, open_keeping
from firstlight.app.known import KnownContents
from firstlight.app.matching import update_matches
from firstlight.app.near_copies import update_near_copies
from firstlight.app.progress import Progress, ProgressSink
from firstlight.app.recording import Recorder, lost_report
from firstlight.app.source import SourceStatement, begin_run, end_run, open_source
from firstlight.app.wire import report_from_plain
from firstlight.app.workers import READ_FUNCTION, READ_SETTINGS, open_pool, stated_settings
from firstlight.engine.message import ProtocolError
from firstlight.errors import UsageError, WorkerLostError
from firstlight.log import logger
from firstlight.model.item import ItemReport
from firstlight.model.media import Outcome
from firstlight.model.ports import Completed, Engine, Finished, Lost
from firstlight.store.item import ItemPlace


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to take in, and how.

    Args:
        paths: Folders or files; each is a source of its own.
        exhibit, custodian, legal_basis, received_at: None is "not stated".
        reread: Read every file again and report changed ones.
        retry_failed: Try failed items again.
    """

    case_name: str
    paths: tuple[bytes, ...]
    exhibit: str | None = None
    custodian: str | None = None
    legal_basis: str | None = None
    received_at: str | None = None
    reread: bool = False
    retry_failed: bool = False


def ingest(home: Home, request: IngestRequest, show: ProgressSink) -> dict[str, Any]:
    """Take in every source of a request; what was recorded stays, however it ends.

    Returns:
        The document of ``ingest --json``.

    Raises:
        UsageError: A path does not exist; nothing was taken in.
    """
    started = time.monotonic()
    roots, folded = fold_roots([_root(path) for path in request.paths])
    statement = SourceStatement.parse(
        request.exhibit, request.custodian, request.legal_basis, request.received_at
    )
    progress = Progress()
    case = open_case(home, request.case_name)
    keeping = open_keeping(home, case.case_id)
    sources = [open_source(home, case.case_id, root, statement) for root in roots]
    how = {"reread": request.reread, "retry": request.retry_failed}
    walks = [SourceWalk(home, one, **how, is_deriving=keeping is not None) for one in sources]
    run_ids = []
    engine = open_pool(home)
    is_interrupted = is_ended = False
    isolation: dict[str, bool] = {}
    try:
        with Interruptible() as interruptible:
            for walk in walks:
                walk.count(progress)
                show(progress)
            for walk in walks:
                stated = stated_settings(home, is_deriving=keeping is not None)
                run_ids.append(begin_run(home, walk.source_id, stated))
                place = ItemPlace(case.case_id, walk.source_id, run_ids[-1])
                _read(home, engine, walk, place, keeping, progress, show, interruptible, request)
            if any(walk.has_worked for walk in walks):
                isolation = dict(engine.isolation())
            engine.close()  # matching needs no workers, and its memory would come on top of theirs
            progress.stage = "matching"
            update_matches(home, lambda: show(progress))
            update_near_copies(home, lambda: show(progress))
            is_ended = True
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        engine.close()
        if keeping is not None:
            keeping.close()
        for walk, run_id in zip(walks, run_ids, strict=False):
            end_run(home, walk.source_id, run_id, walk.counts, is_interrupted=not is_ended)
            logger("ingest").info("run-ended", source=walk.source_id, **walk.counts)
    return ingest_document(
        home,
        case,
        walks,
        isolation,
        folded=folded,
        is_interrupted=is_interrupted,
        seconds=time.monotonic() - started,
    )


def fold_roots(paths: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Leave out paths that were named twice or lie inside another one of the same call."""
    given = list(dict.fromkeys(paths))
    folders = {path: path.rstrip(b"/") + b"/" for path in given}
    roots = [
        path
        for path in given
        if not any(path.startswith(folders[other]) for other in given if other != path)
    ]
    return roots, [path for path in given if path not in roots]


def _root(path: bytes) -> bytes:
    """Resolve what the user named; below it, links are not followed."""
    root = os.path.realpath(path)
    if not os.path.lexists(root):
        raise UsageError("no such file or folder", detail=os.fsdecode(path))
    return root


def _read(
    home: Home,
    engine: Engine,
    walk: SourceWalk,
    place: ItemPlace,
    keeping: Keeping | None,
    progress: Progress,
    show: ProgressSink,
    interruptible: Interruptible,
    request: IngestRequest,
) -> None:
    progress.stage = "reading"
    known = KnownContents(home.store, is_retrying=request.retry_failed, keeping=keeping)
    pipeline = f"firstlight {__version__}"
    recorder = Recorder(home, place, walk.seen, known, pipeline, keeping)
    try:
        for report in _reports(engine, walk, known, keeping):
            with interruptible.protected():
                recorder.add(report)
                _count(progress, walk, report, known)
                if recorder.is_due:
                    recorder.flush()
            show(progress)
    except KeyboardInterrupt:
        with interruptible.protected():
            recorder.flush()
        raise
    with interruptible.protected():
        recorder.flush()


def _reports(
    engine: Engine, walk: SourceWalk, known: KnownContents, keeping: Keeping | None
) -> Iterator[ItemReport]:
    def answer(question: Any) -> dict[str, bool]:
        try:
            if keeping is not None and isinstance(question, dict) and "piece" in question:
                return keeping.take_piece(question, known.shell_of(question.get("key", b"")))
            return known.answer(question)
        except WorkerLostError as error:
            # Makes the pool end this worker; the run goes on.
            raise ProtocolError(error.message) from error

    events = engine.run(READ_FUNCTION, walk.tasks(), answer, READ_SETTINGS, walk.readable_roots)
    for event in events:
        yield from walk.take_skipped()
        if isinstance(event, Finished | Lost) and not walk.holds(event.item_key):
            logger("ingest").warning("item-unknown", code=WorkerLostError.code)
        elif isinstance(event, Finished):
            try:
                yield report_from_plain(event.result, event.item_key)
            except WorkerLostError as error:
                shell = known.shell_of(event.item_key) or walk.shell(event.item_key)
                yield lost_report(shell, error.code, error.message)
        elif isinstance(event, Lost):
            logger("ingest").warning("item-lost", code=event.code, reason=event.reason)
            shell = known.shell_of(event.item_key) or walk.shell(event.item_key)
            yield lost_report(shell, event.code, event.reason)
        elif isinstance(event, Completed):
            walk.complete(event.task_id)
    yield from walk.take_skipped()
    yield from walk.opened_folders()


def _count(progress: Progress, walk: SourceWalk, report: ItemReport, known: KnownContents) -> None:
    if not report.locator.members:
        progress.files_done += 1
        progress.bytes_done += report.facts.size_bytes
    if report.outcome is Outcome.FAILED:
        progress.failed += 1
    elif known.is_on_list(report):
        progress.known += 1
    elif report.digests is not None:
        progress.new += 1
    walk.count_report(report)
