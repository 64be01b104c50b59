"""An archive inside a worker: every member is an item, its own account comes last."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

from firstlight.app.item_reading import (
    Chunk,
    emit_report,
    failed_report,
    hand_over,
    name_claim,
    question_of,
    read_content,
)
from firstlight.errors import DecodeError, InputError, TruncatedError
from firstlight.fingerprint.digest import DigestTaker
from firstlight.intake.archive import ArchiveEnd, ArchiveItem, MemberContent, walk_archive
from firstlight.intake.content_type import is_openable_archive
from firstlight.intake.source_file import open_for_reading
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Reading
from firstlight.model.item import ItemReport
from firstlight.model.media import DECODED_KINDS, ContentType, Locator, Outcome


def read_archive(chunk: Chunk, outer: ItemReport, stream: Any, content_type: ContentType) -> None:
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
            passwords=chunk.passwords,
            sibling=partial(_open_beside, base.path),
        ):
            if isinstance(met, ArchiveItem):
                nested = _read_member(chunk, Locator(base.path, met.members, met.ordinals), met)
                if nested is not None:
                    stack.append(nested)
            elif not met.members or stack[-1].locator.ordinals == met.ordinals:
                emit_report(chunk, _ended(stack.pop(), met))
    except InputError as error:
        while stack:
            emit_report(chunk, failed_report(stack.pop(), error, "unpack"))


def _open_beside(path: bytes, name: bytes) -> BinaryIO | None:
    """Open a file of the same folder for reading; None when there is none that may be read."""
    if not name or b"/" in name or b"\x00" in name:
        return None
    try:
        descriptor = open_for_reading(path.rpartition(b"/")[0] + b"/" + name)
    except InputError:
        return None
    return os.fdopen(descriptor, "rb", buffering=0)


def _read_member(chunk: Chunk, locator: Locator, item: ArchiveItem) -> ItemReport | None:
    """Read one member; returns its account so far if it is an archive to be descended into."""
    if not chunk.wants(locator.key):
        item.pass_over()
        return None
    chunk.context.begin(locator.key)
    report = ItemReport(
        locator,
        item.facts,
        item.outcome or Outcome.READ,
        failures=(item.caveat,) if item.caveat is not None else (),
        reader=item.container_mime,
    )
    if item.failure is not None:
        emit_report(chunk, replace(report, failures=(item.failure,)))
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
        report = failed_report(report, error, "unpack")
        if isinstance(error, DecodeError | TruncatedError) and _is_nested(content):
            # What could be unpacked of a damaged archive may still hold whole members.
            return report
        item.pass_over()
        emit_report(chunk, report)
        return None
    facts = replace(item.facts, size_bytes=taker.size_bytes)
    report = name_claim(
        replace(report, facts=facts, digests=taker.finish(), content_type=content.content_type)
    )
    if is_openable_archive(content.content_type.mime):
        chunk.context.ask(question_of(report))
        return report
    kept_content = None if kept is None else b"".join(kept)
    answer = chunk.context.ask(question_of(report))
    is_to_decode = bool(answer["decode"])
    if answer.get("keep"):
        report = hand_over(chunk, report, kept_content)
    emit_report(chunk, read_content(chunk, report, kept_content, None, is_to_decode))
    return None


def _is_nested(content: MemberContent | None) -> bool:
    return content is not None and is_openable_archive(content.content_type.mime)


def _is_kept(content_type: ContentType, size_bytes: int, bounds: Bounds) -> bool:
    return content_type.kind in DECODED_KINDS and size_bytes <= bounds.member_max_bytes


def _ended(report: ItemReport, end: ArchiveEnd) -> ItemReport:
    failures = (*report.failures, *end.failures)
    is_empty_handed = bool(end.failures) and end.member_count == 0
    outcome = Outcome.FAILED if is_empty_handed else report.outcome
    reading = Reading(container=end.statements) if end.statements else report.reading
    return replace(
        report,
        outcome=outcome,
        failures=failures,
        member_count=end.member_count,
        reading=reading,
    )
