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

from firstlight.app.archive_reading import read_archive
from firstlight.app.item_reading import (
    Chunk,
    emit_report,
    failed_report,
    name_claim,
    question_of,
    read_content,
)
from firstlight.errors import InputError
from firstlight.fingerprint.digest import digest_descriptor
from firstlight.intake.content_type import HEAD_BYTES, TAIL_BYTES, is_openable_archive, sniff
from firstlight.intake.source_file import open_for_reading
from firstlight.model.bounds import Bounds
from firstlight.model.item import ItemReport
from firstlight.model.media import ContentType, FileFacts, Locator, Outcome
from firstlight.model.ports import WorkContext

FACT_NAMES = ("size_bytes", "mtime_ns", "ctime_ns", "inode", "device")
AHEAD_MAX_BYTES = 16_000_000


@dataclass(slots=True)
class _Opened:
    """A file whose digests are taken and asked about, not yet read further.

    Args:
        descriptor: None once closed, or when the file could not be opened.
        answer: Waits for what the main process says; None when nothing was asked.
    """

    chunk: Chunk
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
) -> Chunk:
    return Chunk(
        context,
        Bounds(**settings["bounds"]),
        settings["strict"],
        settings["metadata_reader"],
        decoded,
        frozenset(item.get("done", ())),
        tuple(settings.get("passwords", ())),
        bool(settings.get("derivatives")),
    )


def _open(chunk: Chunk, locator: Locator, facts: FileFacts) -> _Opened:
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
        opened.report = failed_report(opened.report, error, "open")
        opened.close()
        return opened
    content_type = _type_of(opened.descriptor, size_bytes, opened.content)
    opened.report = name_claim(replace(opened.report, digests=digests, content_type=content_type))
    opened.answer = chunk.context.ask_ahead(question_of(opened.report))
    return opened


def _finish(opened: _Opened) -> None:
    """Read on as the answer allows, and hand the account over."""
    chunk, report, content_type = opened.chunk, opened.report, opened.report.content_type
    try:
        if opened.answer is None or content_type is None or opened.descriptor is None:
            emit_report(chunk, report)
            return
        is_to_decode = bool(opened.answer()["decode"])
        if is_openable_archive(content_type.mime):
            opened.content = None
            with os.fdopen(os.dup(opened.descriptor), "rb", buffering=0) as stream:
                read_archive(chunk, report, stream, content_type)
            return
        emit_report(
            chunk, read_content(chunk, report, opened.content, opened.descriptor, is_to_decode)
        )
    finally:
        opened.close()


def _type_of(descriptor: int, size_bytes: int, content: bytes | None) -> ContentType:
    if content is not None:
        return sniff(content[:HEAD_BYTES], size_bytes=size_bytes, tail=content[-TAIL_BYTES:])
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size_bytes - TAIL_BYTES))
    return sniff(os.pread(descriptor, HEAD_BYTES, 0), size_bytes=size_bytes, tail=tail)
