"""One item inside a worker: its account so far, and what is read of its content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from firstlight.app.wire import report_to_plain
from firstlight.errors import DecodeError, InputError, LimitError, NotOpenedError, TruncatedError
from firstlight.fingerprint.reading import read_media
from firstlight.intake.content_type import (
    claimed_mime,
    content_type_of,
    is_mismatch,
    is_unopened_container,
)
from firstlight.intake.source_file import failure_of
from firstlight.model.bounds import Bounds
from firstlight.model.item import ItemReport
from firstlight.model.media import DECODED_KINDS, KEPT_KINDS, ContentType, MediaKind, Outcome
from firstlight.model.ports import WorkContext

if TYPE_CHECKING:
    from firstlight.fingerprint.derivative import DerivativeMaker

PIECE_BYTES = 1 << 20
"""Of a content that is handed over; no more than the main process takes at once."""

NAMED_KINDS = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.ARCHIVE})


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one call works with.

    Args:
        decoded: Contents that this call has decoded.
        done: Keys recorded by an earlier run.
        passwords: The unit's list, tried on what is locked.
        is_deriving: The home keeps derivatives: one is made of each picture that is decoded.
    """

    context: WorkContext
    bounds: Bounds
    is_strict: bool
    metadata_reader: str
    decoded: set[bytes]
    done: frozenset[bytes] = frozenset()
    passwords: tuple[bytes, ...] = ()
    is_deriving: bool = False

    def wants(self, key: bytes) -> bool:
        """Whether an item is to be done in this call."""
        return key not in self.done and self.context.wants(key)


def read_content(
    chunk: Chunk,
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
        return failed_report(report, limit, "decode")
    maker = _derivative_maker(chunk, content_type)
    reading, failures = read_media(
        content,
        descriptor,
        content_type,
        strict=chunk.is_strict,
        metadata_reader=chunk.metadata_reader,
        bounds=chunk.bounds,
        tools=chunk.context.tools,
        on_pixels=None if maker is None else maker.add,
    )
    derivative = None if maker is None else maker.finish()
    if reading is not None and reading.is_truncated:
        cut = TruncatedError("the content ends too early; it was read as far as it decodes")
        failures = (*failures, failure_of(cut, "decode"))
    has_failed = content_type.kind is MediaKind.IMAGE and not (reading and reading.pdq)
    outcome = Outcome.FAILED if has_failed and failures else report.outcome
    return replace(
        report,
        outcome=outcome,
        reading=reading,
        failures=(*report.failures, *failures),
        derivative=None if derivative is None else derivative.to_bytes(),
    )


def _derivative_maker(chunk: Chunk, content_type: ContentType) -> DerivativeMaker | None:
    if not chunk.is_deriving or content_type.kind not in KEPT_KINDS:
        return None
    from firstlight.fingerprint.derivative import DerivativeMaker

    return DerivativeMaker()


def _unread(report: ItemReport) -> ItemReport:
    """Say of a content that is not decoded whether that leaves something unseen."""
    content_type = report.content_type
    if content_type is None or content_type.kind in DECODED_KINDS:
        return report
    if is_unopened_container(content_type.mime):
        error = NotOpenedError(f"{content_type.label}: not opened by this version")
        return replace(failed_report(report, error, "open"), outcome=Outcome.NOT_OPENED)
    claimed = claimed_mime(report.locator.full_path)
    kind = content_type_of(claimed).kind if claimed is not None else None
    if kind not in NAMED_KINDS:
        return report
    is_archive = kind is MediaKind.ARCHIVE
    named = "named as an archive" if is_archive else "named as a picture or clip"
    stage = "open" if is_archive else "decode"
    if report.facts.size_bytes == 0:
        return failed_report(report, DecodeError(f"{named}, and empty"), stage)
    reason = f"{named}, but the content is: {content_type.label}"
    return failed_report(report, DecodeError(reason), stage)


def question_of(report: ItemReport) -> dict[str, Any]:
    """Put what is known of an item before decoding into a question to the main process."""
    return {"key": report.locator.key, "shell": report_to_plain(report)}


def emit_report(chunk: Chunk, report: ItemReport) -> None:
    """Hand over the finished account of an item."""
    chunk.context.emit(report.locator.key, report_to_plain(report))


def name_claim(report: ItemReport) -> ItemReport:
    """Note the type that the name claims, where the content is another."""
    content_type = report.content_type
    claimed = claimed_mime(report.locator.full_path)
    if content_type is None or not is_mismatch(claimed, content_type.mime):
        return report
    return replace(report, named_mime=claimed)


def failed_report(report: ItemReport, error: InputError, stage: str) -> ItemReport:
    """Add a failure to an account, which ends with it."""
    failures = (*report.failures, failure_of(error, stage))
    return replace(report, outcome=Outcome.FAILED, failures=failures)


def hand_over(chunk: Chunk, report: ItemReport, content: bytes | None) -> ItemReport:
    """Give a content to the main process, piece by piece, each one when the last is taken."""
    answer: Any = {}
    if content is not None:
        view = memoryview(content)
        for offset in range(0, max(1, len(content)), PIECE_BYTES):
            piece = {
                "key": report.locator.key,
                "offset_bytes": offset,
                "piece": bytes(view[offset : offset + PIECE_BYTES]),
                "is_last": offset + PIECE_BYTES >= len(content),
            }
            answer = chunk.context.ask(piece)
            if not answer["go_on"]:
                break
    if answer.get("go_on") or answer.get("kept"):
        return report
    error = LimitError("the content is larger than originals that are kept")
    return replace(report, failures=(*report.failures, failure_of(error, "keep")))
