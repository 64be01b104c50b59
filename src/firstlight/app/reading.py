"""What an isolated worker does with a chunk of files: digests, the question, the reading.

The digests of an item go to the main process before anything is decoded; its answer says whether
to decode. Members of archives are items like files, met while the archive is read; an archive's
own account comes after those of its members, so an archive that has one is whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from firstlight.app.wire import report_to_plain
from firstlight.errors import DecodeError, InputError, LimitError, NotOpenedError, TruncatedError
from firstlight.fingerprint.digest import DigestTaker, digest_descriptor
from firstlight.fingerprint.reading import read_media
from firstlight.intake.archive import ArchiveEnd, ArchiveItem, MemberContent, walk_archive
from firstlight.intake.content_type import (
    HEAD_BYTES,
    TAIL_BYTES,
    claimed_mime,
    content_type_of,
    is_mismatch,
    is_openable_archive,
    is_unopened_container,
    sniff,
)
from firstlight.intake.source_file import failure_of, open_for_reading
from firstlight.model.bounds import Bounds
from firstlight.model.item import ItemReport
from firstlight.model.media import ContentType, FileFacts, Locator, MediaKind, Outcome
from firstlight.model.ports import WorkContext

NAMED_KINDS = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.ARCHIVE})
FACT_NAMES = ("size_bytes", "mtime_ns", "ctime_ns", "inode", "device")
AHEAD_MAX_BYTES = 16_000_000
DECODED_KINDS = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO})


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one call works with.

    Args:
        decoded: Contents that this call has decoded.
        only: Keys to do and keys on the way to them; None for all.
        done: Keys recorded by an earlier run.
    """

    context: WorkContext
    bounds: Bounds
    is_strict: bool
    metadata_reader: str
    decoded: set[bytes]
    only: frozenset[bytes] | None = None
    done: frozenset[bytes] = frozenset()

    def wants(self, key: bytes) -> bool:
        if key in self.done or (self.only is not None and key not in self.only):
            return False
        return self.context.wants(key)


@dataclass(slots=True)
class _Opened:
    """A file whose digests are taken and asked about, not yet read further.

    Args:
        descriptor: None once closed, or when the file could not be opened.
        answer: Waits for what the main process says; None when nothing was asked.
    """

    chunk: _Chunk
    report: ItemReport
    content: bytes | None = None
    descriptor: int | None = None
    answer: Callable[[], Any] | None = None

    def close(self) -> None:
        if self.descriptor is not None:
            descriptor, self.descriptor = self.descriptor, None
            os.close(descriptor)


def read_chunk(payload: Mapping[str, Any], context: WorkContext) -> None:
    """Read the files of a chunk and hand over an account of each item in them.

    While one file waits to be decoded the next one is opened and asked about already, so that
    the worker need not stand still until the main process has answered.
    """
    decoded: set[bytes] = set()
    current: _Opened | None = None
    try:
        for item in payload["items"]:
            chunk = _chunk_of(payload["settings"], item, context, decoded)
            locator = Locator(item["path"])
            if not chunk.wants(locator.key):
                continue
            facts = FileFacts(**{name: item.get(name) for name in FACT_NAMES})
            if current is not None and facts.size_bytes > AHEAD_MAX_BYTES:
                _finish(current)
                current = None
            if current is None:
                context.begin(locator.key)
                current = _open(chunk, locator, facts)
                continue
            upcoming = _open(chunk, locator, facts)
            try:
                _finish(current)
            finally:
                current = upcoming
            context.begin(locator.key)
        if current is not None:
            _finish(current)
    finally:
        if current is not None:
            current.close()


def _chunk_of(
    settings: Mapping[str, Any],
    item: Mapping[str, Any],
    context: WorkContext,
    decoded: set[bytes],
) -> _Chunk:
    only = item.get("only")
    return _Chunk(
        context,
        Bounds(**settings["bounds"]),
        settings["strict"],
        settings["metadata_reader"],
        decoded,
        None if only is None else frozenset(only),
        frozenset(item.get("done", ())),
    )


def _open(chunk: _Chunk, locator: Locator, facts: FileFacts) -> _Opened:
    """Open a file, take its digests, and ask about them."""
    opened = _Opened(chunk, ItemReport(locator, facts, Outcome.READ))
    try:
        opened.descriptor = open_for_reading(locator.path, expected=facts)
        digests, size_bytes, opened.content = digest_descriptor(
            opened.descriptor,
            keep_max_bytes=chunk.bounds.picture_max_bytes,
            tick=chunk.context.tick,
        )
    except InputError as error:
        opened.report = _failed(opened.report, error, "open")
        opened.close()
        return opened
    content_type = _type_of(opened.descriptor, size_bytes, opened.content)
    opened.report = _named(replace(opened.report, digests=digests, content_type=content_type))
    opened.answer = chunk.context.ask_ahead(_question(opened.report))
    return opened


def _finish(opened: _Opened) -> None:
    """Read on as the answer allows, and hand the account over."""
    chunk, report, content_type = opened.chunk, opened.report, opened.report.content_type
    try:
        if opened.answer is None or content_type is None or opened.descriptor is None:
            _emit(chunk, report)
            return
        is_to_decode = bool(opened.answer()["decode"])
        if is_openable_archive(content_type.mime):
            opened.content = None
            with os.fdopen(os.dup(opened.descriptor), "rb", buffering=0) as stream:
                _read_archive(chunk, report, stream, content_type)
            return
        _emit(chunk, _read_content(chunk, report, opened.content, opened.descriptor, is_to_decode))
    finally:
        opened.close()


def _type_of(descriptor: int, size_bytes: int, content: bytes | None) -> ContentType:
    if content is not None:
        return sniff(content[:HEAD_BYTES], size_bytes=size_bytes, tail=content[-TAIL_BYTES:])
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size_bytes - TAIL_BYTES))
    return sniff(os.pread(descriptor, HEAD_BYTES, 0), size_bytes=size_bytes, tail=tail)


def _read_content(
    chunk: _Chunk,
    report: ItemReport,
    content: bytes | None,
    descriptor: int | None,
    is_to_decode: bool,
) -> ItemReport:
    """Read a content that is no archive."""
    content_type, digests = report.content_type, report.digests
    if content_type is None or digests is None:
        return report
    if not is_to_decode or content_type.kind not in DECODED_KINDS:
        return _unread(report)
    if digests.sha256 in chunk.decoded:
        # Asked about before its copy in this chunk was decoded.
        return report
    chunk.decoded.add(digests.sha256)
    if content is None and descriptor is None:
        limit = LimitError("the member is too large to be decoded; its digests were taken")
        return _failed(report, limit, "decode")
    reading, failures = read_media(
        content,
        descriptor,
        content_type,
        strict=chunk.is_strict,
        metadata_reader=chunk.metadata_reader,
        bounds=chunk.bounds,
        tools=chunk.context.tools,
    )
    if reading is not None and reading.is_truncated:
        cut = TruncatedError("the content ends too early; it was read as far as it decodes")
        failures = (*failures, failure_of(cut, "decode"))
    has_failed = content_type.kind is MediaKind.IMAGE and not (reading and reading.pdq)
    outcome = Outcome.FAILED if has_failed and failures else report.outcome
    return replace(report, outcome=outcome, reading=reading, failures=(*report.failures, *failures))


def _unread(report: ItemReport) -> ItemReport:
    """Say of a content that is not decoded whether that leaves something unseen."""
    content_type = report.content_type
    if content_type is None or content_type.kind in DECODED_KINDS:
        return report
    if is_unopened_container(content_type.mime):
        error = NotOpenedError(f"{content_type.label}: not opened by this version")
        return replace(_failed(report, error, "open"), outcome=Outcome.NOT_OPENED)
    claimed = claimed_mime(report.locator.full_path)
    kind = content_type_of(claimed).kind if claimed is not None else None
    if kind not in NAMED_KINDS:
        return report
    is_archive = kind is MediaKind.ARCHIVE
    named = "named as an archive" if is_archive else "named as a picture or clip"
    stage = "open" if is_archive else "decode"
    if report.facts.size_bytes == 0:
        return _failed(report, DecodeError(f"{named}, and empty"), stage)
    reason = f"{named}, but the content is: {content_type.label}"
    return _failed(report, DecodeError(reason), stage)


def _read_archive(chunk: _Chunk, outer: ItemReport, stream: Any, content_type: ContentType) -> None:
    """Read every member; nested archives stay open on a stack until their members are done."""
    base = outer.locator
    stack = [outer]
    try:
        for met in walk_archive(
            stream,
            content_type,
            bounds=chunk.bounds,
            tick=chunk.context.tick,
            name=base.path.rpartition(b"/")[2],
        ):
            if isinstance(met, ArchiveItem):
                nested = _read_member(chunk, Locator(base.path, met.members, met.ordinals), met)
                if nested is not None:
                    stack.append(nested)
            elif not met.members or stack[-1].locator.ordinals == met.ordinals:
                _emit(chunk, _ended(stack.pop(), met))
    except InputError as error:
        while stack:
            _emit(chunk, _failed(stack.pop(), error, "unpack"))


def _read_member(chunk: _Chunk, locator: Locator, item: ArchiveItem) -> ItemReport | None:
    """Read one member; returns its account so far if it is an archive to be descended into."""
    if not chunk.wants(locator.key):
        item.pass_over()
        return None
    chunk.context.begin(locator.key)
    report = ItemReport(locator, item.facts, item.outcome or Outcome.READ)
    if item.failure is not None:
        _emit(chunk, replace(report, failures=(item.failure,)))
        return None
    taker = DigestTaker()
    kept: list[bytes] | None = []
    content: MemberContent | None = None
    try:
        content = item.open()
        for piece in content.pieces():
            taker.update(piece)
            chunk.context.tick()
            if kept is not None:
                kept.append(piece)
                if not _is_kept(content.content_type, taker.size_bytes, chunk.bounds):
                    kept = None
    except InputError as error:
        report = _failed(report, error, "unpack")
        if isinstance(error, DecodeError | TruncatedError) and _is_nested(content):
            # What could be unpacked of a damaged archive may still hold whole members.
            return report
        item.pass_over()
        _emit(chunk, report)
        return None
    facts = replace(item.facts, size_bytes=taker.size_bytes)
    report = _named(
        replace(report, facts=facts, digests=taker.finish(), content_type=content.content_type)
    )
    if is_openable_archive(content.content_type.mime):
        chunk.context.ask(_question(report))
        return report
    kept_content = None if kept is None else b"".join(kept)
    is_to_decode = bool(chunk.context.ask(_question(report))["decode"])
    _emit(chunk, _read_content(chunk, report, kept_content, None, is_to_decode))
    return None


def _is_nested(content: MemberContent | None) -> bool:
    return content is not None and is_openable_archive(content.content_type.mime)


def _is_kept(content_type: ContentType, size_bytes: int, bounds: Bounds) -> bool:
    return content_type.kind in DECODED_KINDS and size_bytes <= bounds.member_max_bytes


def _ended(report: ItemReport, end: ArchiveEnd) -> ItemReport:
    failures = (*report.failures, *end.failures)
    is_empty_handed = bool(end.failures) and end.member_count == 0
    outcome = Outcome.FAILED if is_empty_handed else report.outcome
    return replace(report, outcome=outcome, failures=failures, member_count=end.member_count)


def _question(report: ItemReport) -> dict[str, Any]:
    return {"key": report.locator.key, "shell": report_to_plain(report)}


def _emit(chunk: _Chunk, report: ItemReport) -> None:
    chunk.context.emit(report.locator.key, report_to_plain(report))


def _named(report: ItemReport) -> ItemReport:
    """Note the type that the name claims, where the content is another."""
    content_type = report.content_type
    claimed = claimed_mime(report.locator.full_path)
    if content_type is None or not is_mismatch(claimed, content_type.mime):
        return report
    return replace(report, named_mime=claimed)


def _failed(report: ItemReport, error: InputError, stage: str) -> ItemReport:
    failures = (*report.failures, failure_of(error, stage))
    return replace(report, outcome=Outcome.FAILED, failures=failures)
